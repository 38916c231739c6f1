"""A client's story, told with Aporia's own library: run in an environment that has it, one chapter at a time.

    python story.py CHAPTER URL KEY WORKSPACE FOLDER DATA

What a chapter did, and which of the library's methods it called, is one line of JSON on standard output; what
the library prints goes to standard error.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib
import inspect
import json
import pkgutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import aporia
from aporia import as_code
from aporia.sdk import (
    client,
    custom_metrics,
    dashboards,
    data_sources,
    datasets,
    fields,
    messaging,
    metrics,
    models,
    monitors,
    segments,
    versions,
)

CLASSES: tuple[Any, ...] = (
    aporia.Aporia,
    metrics.AporiaMetrics,
    models.Model,
    versions.Version,
    data_sources.DataSource,
    datasets.Dataset,
    fields.Field,
    segments.Segment,
    as_code.Stack,
    monitors.Monitor,
    dashboards.Dashboard,
    custom_metrics.CustomMetric,
    messaging.MessagingIntegration,
)
called: set[str] = set()


def methods_of(cls: Any) -> list[str]:
    """The public methods that a class has of its own, which are those that send something."""
    return [
        name
        for name, one in vars(cls).items()
        if not name.startswith("_")
        and (inspect.isfunction(one) or isinstance(one, classmethod | staticmethod))
    ]


def resource_classes() -> list[str]:
    """The classes of the library that are resources, by what they inherit or can do."""
    names = [f"aporia.sdk.{one.name}" for one in pkgutil.iter_modules(aporia.sdk.__path__)]
    found = {
        one.__name__
        for name in names
        for one in vars(importlib.import_module(name)).values()
        if inspect.isclass(one)
        and one.__module__ in names
        and "client" in {place for method in methods_of(one) for place in _places(getattr(one, method))}
    }
    return sorted((found | {"Aporia", "AporiaMetrics", "Stack"}) - {"BaseAporiaResource"})


def _places(function: Any) -> set[str]:
    return set(inspect.signature(function).parameters)


def note_calls() -> None:
    """Let each public method note that it was called."""
    for cls in CLASSES:
        for name in methods_of(cls):
            whole = f"{cls.__name__}.{name}"
            raw = vars(cls)[name]
            kind = type(raw) if isinstance(raw, classmethod | staticmethod) else None
            setattr(cls, name, _noting(raw.__func__ if kind else raw, whole, kind))


def _noting(function: Any, whole: str, kind: Any) -> Any:
    def noting(*args: Any, **more: Any) -> Any:
        called.add(whole)
        return function(*args, **more)

    return kind(noting) if kind else noting


class Story:
    """What is known between chapters lies in a folder."""

    def __init__(self, url: str, key: str, workspace: str, folder: Path, data: str) -> None:
        self.data = data
        self.config = str(folder / "stack.json")
        self.workspace = workspace
        self.login = {"token": key, "base_url": url}
        self.names = {"account_name": "acme", "workspace_name": workspace}
        self.aporia = aporia.Aporia(**self.login, **self.names)
        self.client = self.aporia.client

    def stack(self, *, changed: bool = False) -> Any:
        """Everything that the client defines as code."""
        source = as_code.DataSource("files", type="upload_file", connection_data={"password": "hunter2"})
        config = {"location" if changed else "path": self.data}
        columns: dict[str, Any] = {
            "raw_inputs": {"country": "categorical"},
            "features": {"age": "numeric"},
            "predictions": {"score": "numeric"},
            "actuals": {"label": "boolean"},
            "actual_mappings": {"label": "score"},
        }
        serving = as_code.Dataset(
            "serving",
            type="serving",
            connection_data=config,
            timestamp_column="ts",
            data_source=source,
            **columns,
        )
        training = as_code.Dataset(
            "training", type="training", connection_data={"path": self.data}, data_source=source, **columns
        )
        countries = ["DE", "FR", "GB"] if changed else ["DE", "FR"]
        parts = [
            as_code.Segment("country", field="country", values=countries, is_global_filter=True),
            as_code.Segment("age", field="age", values=[20, 30, 40]),
            as_code.Segment("groups", terms=[["age < 30", "young"], ["age >= 30", "old"]]),
        ]
        model = as_code.Model(
            "payments",
            type=as_code.ModelType.BINARY,
            description="changed" if changed else "first",
            icon=as_code.ModelIcon.FRAUD_DETECTION,
            color=as_code.ModelColor.GOLD,
            owner="me@acme.example",
            aggregation_period="daily",
            versions=[as_code.Version("v1", serving=serving, training=training)],
            segments=parts[:2] if changed else parts,
        )
        stack = as_code.Stack(account="acme", workspace=self.workspace, **self.login)
        stack.add(source)
        stack.add(model)
        return stack

    def apply(self, stack: Any, action: str = "create") -> None:
        """Apply a stack, to what was applied before."""
        stack.apply(action=action, config_path=self.config, yes=True, should_raise=True)

    def model(self) -> Any:
        """The model of the stack."""
        return next(one for one in self.aporia.get_models() if one.name == "payments")

    def build(self) -> Any:
        """Make everything, twice, and look at it."""
        stack = self.stack()
        self.apply(stack)
        again = self.stack()
        before = json.loads(Path(self.config).read_text())
        self.apply(again)
        self.apply(again, "refresh")
        self.apply(again, "preview")
        self.apply(again, "diff")
        after = json.loads(Path(self.config).read_text())
        model = self.model()
        # Models and versions show what was made of them after the stack noted them.
        parts = ("Model", "Version")
        steady = [name for name, one in after["resources"].items() if one["_resource_type"] not in parts]
        kept = {name: one["id"] for name, one in before["resources"].items()}
        widgets = {one.name: (one.to_widget(), one.get_widget_values()) for one in model.get_segments()}
        extended = {one.name: one.get_extended_data()["is_custom_segment"] for one in model.get_segments()}
        return {
            "model": model.raw_data,
            "id": stack.get_resource_id("payments"),
            "same": kept == {name: one["id"] for name, one in after["resources"].items()}
            and all(before["resources"][name] == after["resources"][name] for name in steady),
            "fields": [[one.name, one.group.value, one.to_widget()["type"]] for one in model.get_fields()],
            "field": model.get_field_by_name("age").type.value,
            "datasets": [one.raw_data["stage"] for one in model.get_versions()[0].get_datasets()],
            "buckets": {
                name: [bucket["value"] for bucket in widget["buckets"]]
                for name, (widget, _) in widgets.items()
            },
            "values": {name: values for name, (_, values) in widgets.items()},
            "extended": extended,
        }

    def ask(self) -> Any:
        """Ask for the code metric, and for others by their names, of segments and of times."""
        model = self.model()
        [code] = [one["id"] for one in self._code_metrics(model.id)]
        midnight = dt.datetime.utcnow().replace(hour=0, minute=0, second=0, microsecond=0)
        day = aporia.TimeRange(start=midnight - dt.timedelta(3), end=midnight - dt.timedelta(2))
        odd = aporia.TimeRange(start=day.start, end=day.end + dt.timedelta(hours=5))
        version = model.get_versions()[0]
        ask = self.aporia.metrics_client.query

        def of(**more: Any) -> Any:
            return aporia.MetricDataset(**more)

        def by(segment: Any) -> list[Any]:
            values = segment.get_widget_values()
            return [
                ask(model.id, of(segment=aporia.MetricSegment(id=segment.id, value=value)), "code",
                    custom_metric_id=code)
                for value in values
            ]  # fmt: skip

        named = {
            "code": ask(model.id, of(), "code", custom_metric_id=code),
            "day": ask(model.id, of(time_range=day, model_version=version.id), "code", custom_metric_id=code),
            "odd": ask(model.id, of(time_range=odd), "code", custom_metric_id=code),
            "training": ask(model.id, of(dataset_type="training"), "code", custom_metric_id=code),
            "segments": {one.name: by(one) for one in model.get_segments()},
            "mean": ask(model.id, of(), "mean", column="age"),
            "precision": ask(model.id, of(), "precision", column="score", threshold=0.5),
            "psi": ask(model.id, of(), "psi", column="age", baseline=of(dataset_type="training")),
        }
        problems = {}
        for name, more in {
            "unknown": {"metric_name": "euclidean_distance", "column": "age"},
            "missing": {"metric_name": "code", "custom_metric_id": "nope"},
        }.items():
            try:
                ask(model.id, of(), **more)
            except Exception as error:
                problems[name] = str(error)
        batch = [aporia.MetricParameters(dataset=of(), name="count")]
        try:
            self.aporia.query_metrics(model.id, batch)
        except AttributeError as error:
            problems["batch"] = str(error)
        # What its class lacks is given to it: so the shape of its request is tried as well.
        metrics.MetricParameters.quantile = None
        count = aporia.MetricParameters(dataset=of(), name="count")
        bad = aporia.MetricParameters(dataset=of(), name="mean", column="nope")
        answers = self.aporia.query_metrics(model.id, [count, bad, count])
        del metrics.MetricParameters.quantile
        named["batch"] = [answers[0] == answers[2] > 0, type(answers[1]).__name__]
        return {**named, "problems": problems}

    def _code_metrics(self, model_id: str) -> list[dict[str, Any]]:
        response = self.client.send_request(
            "/metrics/code-based-metrics", "GET", params={"model_id": model_id}
        )
        self.client.assert_response(response)
        found: list[dict[str, Any]] = response.json()
        return found

    def change(self) -> Any:
        """Change what the stack defines, and apply that."""
        self.apply(self.stack(changed=True))
        model = self.model()
        version = model.get_versions()[0]
        return {
            "description": model.description,
            "segments": {one.name: one.values for one in model.get_segments()},
            "config": [one.raw_data["config"] for one in version.get_datasets()],
        }

    def destroy(self) -> Any:
        """Destroy what the stack made."""
        self.apply(self.stack(changed=True), "delete")
        left = json.loads(Path(self.config).read_text())["resources"]
        names = {one.name for one in self.aporia.get_models()}
        return {"left": left, "model": "payments" in names, "sources": len(self.aporia.get_data_sources())}

    def by_hand(self) -> Any:
        """Make, read, change and delete each resource by itself."""
        with aporia.Aporia(**self.login, **self.names) as mine:
            source = mine.create_data_source("mine", aporia_type("UPLOAD_FILE"), {"user": "me"})
            model = mine.create_model("mine", models.ModelType.REGRESSION, description="d")
            version = model.create_model_version("v1")
            schema = datasets.DatasetSchema(
                id_column=None, timestamp_column="ts", raw_inputs=[], predictions=[], actuals=[],
                features=[datasets.FieldSchema(name="age", type="numeric")],
            )  # fmt: skip
            dataset = version.create_dataset(
                datasets.DatasetType.SERVING, source, {"path": self.data}, schema
            )
            segment = model.create_segment("ages", field_name="age", values=[20, 30])
            source.update(name="renamed")
            model.update(owner="you@acme.example")
            version.update(is_active=False)
            dataset.update(connection_data={"location": self.data}, schema=schema)
            segment.update(values=[20, 40], is_global_filter=True)
            read = {
                type(one).__name__: type(one).read(self.client, one.id).raw_data
                for one in (source, model, version, dataset, segment)
            }
            one_by_one = [
                data_sources.DataSource.get_all(self.client)[0].id == source.id,
                models.Model.get_all(self.client)[0].id == model.id,
                versions.Version.get_all(self.client)[0].id == version.id,
                datasets.Dataset.get_all(self.client)[0].id == dataset.id,
                segments.Segment.get_all(self.client, manual_only=False)[0].id == segment.id,
            ]
            segment.delete()
            dataset.delete()
            version.delete()
            mine.delete()
        inactive = models.Model.create(self.client, "other", models.ModelType.RANKING)
        first = versions.Version.create(self.client, "v1", inactive.id, is_active=False)
        other = data_sources.DataSource.create(self.client, "s", aporia_type("S3"), {})
        second = datasets.Dataset.create(
            self.client, inactive.id, first.id, "training", {"path": self.data}, schema, data_source=other
        )
        part = segments.Segment.create(self.client, "t", inactive.id, terms=[("age > 1", "a")])
        for one in (part, second, first, other, inactive):
            type(one).delete_by_id(self.client, one.id)
        gone = {}
        for one in (part, second, first, other, inactive):
            try:
                type(one).read(self.client, one.id)
            except client.EntityNotFoundException:
                gone[type(one).__name__] = True
        return {"read": read, "all": one_by_one, "gone": gone, "active": first.is_active}

    def refused(self) -> Any:
        """Call every method that is not offered; return what each raises."""
        model = models.Model.create(self.client, "lonely", models.ModelType.BINARY)
        whole = SimpleNamespace(dict=dict)
        monitor = monitors.Monitor(self.client, {"id": "a", "name": "a", "type": "data_drift"})
        board = dashboards.Dashboard(
            self.client, {"id": "a", "name": "a", "description": "", "definition": {"widgets": []}}
        )
        own = custom_metrics.CustomMetric(self.client, {"id": "a", "name": "a"})
        message = messaging.MessagingIntegration(self.client, {"id": "a", "type": "SLACK"})
        plan = MagicMock(to_dict=dict)
        kind = monitors.MonitorType.DATA_DRIFT
        calls: dict[str, Any] = {
            "Model.create_custom_metric": lambda: model.create_custom_metric("a", "b"),
            "Model.create_monitor": lambda: model.create_monitor("a", kind, plan, "0 * * * *"),
            "Model.create_dashboard": lambda: model.create_dashboard("a", whole),
            "Model.get_custom_metrics": model.get_custom_metrics,
            "Model.get_monitors": model.get_monitors,
            "Model.get_dashboards": model.get_dashboards,
            "Monitor.create": lambda: monitors.Monitor.create(
                self.client, model.id, "a", kind, plan, "0 * * * *"
            ),
            "Dashboard.create": lambda: dashboards.Dashboard.create(self.client, "a", "b", None, whole),
            "CustomMetric.create": lambda: custom_metrics.CustomMetric.create(
                self.client, "a", model.id, "b"
            ),
            "MessagingIntegration.create": lambda: messaging.MessagingIntegration.create(
                self.client, "a", model.id
            ),
        }
        for one in (monitor, board, own, message):
            cls = type(one)
            calls |= {
                f"{cls.__name__}.get_all": lambda cls=cls: cls.get_all(self.client),
                f"{cls.__name__}.read": lambda cls=cls: cls.read(self.client, "a"),
                f"{cls.__name__}.update": one.update,
                f"{cls.__name__}.delete": one.delete,
                f"{cls.__name__}.delete_by_id": lambda cls=cls: cls.delete_by_id(self.client, "a"),
            }
        raised = {name: _raised(call) for name, call in calls.items()}
        model.delete()
        return raised


def aporia_type(name: str) -> Any:
    """A type of data sources."""
    return data_sources.DataSourceType[name]


def _raised(call: Any) -> str:
    try:
        call()
    except client.BackendRuntimeError as error:
        assert isinstance(error.body, dict)
        return f"{error.status_code} {error.body['error']['code']}"
    except NotImplementedError:
        return "not in the client"
    return "nothing"


def main(chapter: str, url: str, key: str, workspace: str, folder: str, data: str) -> None:
    """Tell one chapter."""
    with contextlib.redirect_stdout(sys.stderr):
        if chapter == "methods":
            table = {cls.__name__: methods_of(cls) for cls in CLASSES}
            told: Any = {"methods": table, "classes": resource_classes()}
        else:
            note_calls()
            told = getattr(Story(url, key, workspace, Path(folder), data), chapter)()
    print(json.dumps({"told": told, "called": sorted(called)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
