"""What a query asks: which metric, on which data, over what time, of which segment. It only reads the store.

A question that makes no sense has a problem instead of an answer, and stops no other of its query.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine import Baseline, SegmentGroup, TimeRange
from engine import Metric as Code
from engine.errors import UsageError
from engine.models import parse_duration, parse_instant, parse_zone
from engine.models.segments import Buckets, bucket_label
from engine.models.windows import start_before
from engine.service.aporia import segments as spelling
from engine.service.aporia.bodies import AskedData, AskedMetric, AskedSegment
from engine.service.aporia.builtin import BUILTIN, EQUAL, Builtin
from engine.service.aporia.fields import fields_of
from engine.service.data.baselines import Compared, compared_by, dataset_of
from engine.service.problems import ApiProblem, unprocessable
from engine.service.segments import names_of, segment_group
from engine.service.store.scope import WorkspaceScope, current_version, get_model, get_owned, segments_of
from engine.service.store.tables import DataSegment, Metric, Model, ModelVersion, StoredDataset
from engine.service.work.schedule import last_tick

CODE: Final = "code"
# The client adds a second offset to instants that have one already; the first is the one that was meant.
_TWO_OFFSETS: Final = re.compile(r"(.*(?:[+-]\d\d:\d\d|Z))\+00:00", re.ASCII)
_CLASSES: Final = ("categorical", "text")
# Whole numbers below it are told apart as floats as well.
_EXACT: Final = 2**53


@dataclass(frozen=True, slots=True)
class FoundSegment:
    """One segment.

    Attributes:
        kind: what it is by.
        group: the segments to be found; the one is among them.
        names: what its value may look like in results, as text.
        since: when its condition was written; None: its name says what it holds.
    """

    kind: Literal["value", "bucket", "where"]
    group: SegmentGroup
    names: frozenset[str]
    since: datetime | None = None

    def is_of(self, segment: Mapping[str, Any] | None) -> bool:
        """Whether a segment of a result, as JSON, is this one."""
        if segment is None:
            return False
        kind = segment["type"] if segment["type"] in ("bucket", "where") else "value"
        same = kind == self.kind and segment["group"] == self.group.name
        return same and text_of(segment["value"]) in self.names

    def among(self, segments: Iterable[Mapping[str, Any] | None]) -> Mapping[str, Any] | None:
        """This one among the segments of results; where null is called as a text is, the text."""
        mine = [one for one in segments if one is not None and self.is_of(one)]
        return min(mine, key=lambda one: one["type"] in ("null", "nan"), default=None)


@dataclass(frozen=True, slots=True)
class MetricQuestion:
    """What one metric of a query is to be calculated of.

    Attributes:
        code: the metric.
        metric_version_id: of a metric of the store; else None.
        dataset: its rows.
        time: the range; None: all rows.
        retention: of the model, if the range is all of it; else None.
        member: the segment; None: all data.
        compared: what the model compares with.
        baseline: what it is compared with.
    """

    code: Code
    metric_version_id: str | None
    dataset: StoredDataset
    time: TimeRange | None
    retention: str | None
    member: FoundSegment | None
    compared: Compared | None
    baseline: Baseline | None


@dataclass(slots=True)
class StoreQuestions:
    """Reads what a query asks from the store, of one model."""

    session: Session
    scope: WorkspaceScope
    model: Model
    now: datetime
    fields: Mapping[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, scope: WorkspaceScope, model_id: str, now: datetime) -> StoreQuestions:
        """For a model.

        Raises:
            NotFound: there is no such model.
        """
        model = get_model(session, scope, model_id)
        called = names_of(segments_of(session, model.id))
        return cls(session, scope, model, now, fields_of(session, model.id), called)

    def read(self, asked: AskedMetric) -> MetricQuestion:
        """What is asked.

        Raises:
            ApiProblem, NotFound: it makes no sense.
        """
        data = asked.datasets.data
        version = self._version(data)
        dataset = self._dataset(version, data.dataset_type)
        time, retention = self._time(data, dataset)
        metric = None
        if asked.metric == CODE:
            if asked.parameters.id is None:
                raise unprocessable("parameters.id", "it must be the id of a code-based metric")
            metric = get_owned(self.session, self.scope, Metric, asked.parameters.id)
            if metric.model_id != self.model.id:
                raise unprocessable("parameters.id", "it is a metric of another model")
            current = current_version(self.session, metric)
            code, version_id = Code(current.code, current.params or {}), current.id
        else:
            code, version_id = self._builtin(asked), None
        compared = None
        baseline = self._baseline(asked.datasets.baseline, version, time)
        if baseline is None:
            compared = compared_by(self.session, self.model, dataset.id)
            baseline = compared.baseline
        if metric is None and _compares(asked.metric) and baseline is None:
            raise unprocessable(
                "datasets.baseline", "there is nothing to compare with: no baseline, and no training dataset"
            )
        if baseline is not None and baseline.kind == "previous" and time is None:
            raise unprocessable(
                "datasets.baseline", "without a time_range, there is no earlier time to compare with"
            )
        member = None if data.segment is None else self._member(data.segment)
        return MetricQuestion(code, version_id, dataset, time, retention, member, compared, baseline)

    def _version(self, data: AskedData) -> ModelVersion:
        """The version that is named, or the one that there is."""
        if data.model_version is not None and data.model_version != "*":
            version = get_owned(self.session, self.scope, ModelVersion, data.model_version)
            if version.model_id != self.model.id:
                raise unprocessable("model_version", "it is a version of another model")
            return version
        query = sa.select(ModelVersion).where(ModelVersion.model_id == self.model.id, ModelVersion.is_active)
        versions = self.session.scalars(query)
        found = [one for one in versions if _dataset_id(one, data.dataset_type) is not None]
        if len(found) != 1:
            raise unprocessable(
                "model_version",
                f"the model has {len(found) or 'no'} active versions with a {data.dataset_type} dataset"
                + ("; name one of them" if found else ""),
            )
        return found[0]

    def _dataset(self, version: ModelVersion, stage: str) -> StoredDataset:
        found = _dataset_id(version, stage)
        if found is None:
            raise unprocessable("dataset_type", f"the version {version.name!r} has no {stage} dataset")
        return get_owned(self.session, self.scope, StoredDataset, found)

    def _time(self, data: AskedData, dataset: StoredDataset) -> tuple[TimeRange | None, str | None]:
        """The range of time, and the model's retention if it is all of that."""
        if data.time_range is not None:
            if dataset.timestamp is None:
                raise unprocessable("time_range", "the dataset has no column of time")
            start, end = (read_instant(getattr(data.time_range, name), name) for name in ("start", "end"))
            if not start < end:
                raise unprocessable("time_range", "its end must be after its start")
            return TimeRange(start, end), None
        if data.dataset_type == "training" or dataset.timestamp is None:
            return None, None
        tick = last_tick(self.now, self.model.aggregation_period, self.model.zone)
        start = parse_duration(self.model.retention).before(tick, parse_zone(self.model.zone))
        return TimeRange(start, tick), self.model.retention

    def _baseline(
        self, asked: AskedData | None, version: ModelVersion, time: TimeRange | None
    ) -> Baseline | None:
        if asked is None:
            return None
        if asked.segment is not None:
            raise unprocessable(
                "datasets.baseline", "a baseline has the segment of the data; leave its own out"
            )
        if asked.model_version not in (None, "*", version.id):
            raise unprocessable("datasets.baseline", "it must be of the same version as the data")
        if asked.dataset_type == "training":
            if asked.time_range is not None:
                raise unprocessable("datasets.baseline", "training data is taken whole, without a time_range")
            return Baseline.data(dataset_of(self._dataset(version, "training")))
        if time is None or time.start is None or time.end is None:
            raise unprocessable(
                "datasets.baseline", "serving data is compared with the time just before its time_range"
            )
        before = start_before(time.start, time.end, parse_zone(self.model.zone))
        if asked.time_range is not None:
            start, end = (read_instant(getattr(asked.time_range, name), name) for name in ("start", "end"))
            if (start, end) == (before, time.start):
                return Baseline.previous()
        raise unprocessable(
            "datasets.baseline",
            "serving data is compared with training data, or with the time of the same length before it, "
            f"which is from {before.isoformat()} to {time.start.isoformat()}",
        )

    def _member(self, asked: AskedSegment) -> FoundSegment:
        segment = get_owned(self.session, self.scope, DataSegment, asked.id)
        if segment.model_id != self.model.id:
            raise unprocessable("segment.id", "it is a segment of another model")
        called, changed = self.called.get(segment.id), segment.changed_at or segment.created_at
        return member_of(segment.definition, asked.value, changed, called)

    def _builtin(self, asked: AskedMetric) -> Code:
        """A metric that has a name, of the columns that are asked for."""
        found, given = BUILTIN.get(asked.metric), asked.parameters
        if found is None:
            raise ApiProblem(
                422,
                "not-offered",
                f"the metric {asked.metric!r} is not offered by this service",
                f"the metrics are {', '.join((*BUILTIN, CODE))}; write others as code-based metrics",
            )
        kinds = {name: one["type"] for (_, name), one in self.fields.items()}
        params: dict[str, Any] = {}
        if found.needs != "rows":
            params["column"] = _given(given.column)
        if found.needs in ("classes", "values"):
            params["column"], params["actual"] = self._pair(params["column"])
            if found.needs == "classes" and kinds.get(params["column"]) in _CLASSES:
                found = _of_many(asked.metric)
        if found.needs == "classes" and found is not EQUAL and given.threshold is not None:
            params["threshold"] = float(given.threshold)
        if found.needs == "shares":
            params["numeric"] = kinds.get(params["column"]) == "numeric"
        taken = {"column": "column" in params, "threshold": "threshold" in params}
        for name in ("column", "threshold", "k", "id", "quantile", "value"):
            if getattr(given, name) is not None and not taken.get(name, False):
                raise unprocessable(f"parameters.{name}", f"the metric {asked.metric!r} does not take it")
        return Code(found.source, params)

    def _pair(self, column: str) -> tuple[str, str]:
        """A prediction and its actual, of which one is named."""
        pairs = [
            (one["properties"]["prediction"], name)
            for (group, name), one in self.fields.items()
            if group == "actuals" and (one["properties"] or {}).get("prediction") is not None
        ]
        for prediction, actual in pairs:
            if column in (prediction, actual):
                return prediction, actual
        raise unprocessable(
            "parameters.column",
            f"{column!r} is neither a prediction with an actual nor an actual with a prediction, by the "
            "schema of the model's datasets",
        )


def member_of(
    definition: Mapping[str, Any], value: str, changed: datetime, called: str | None = None
) -> FoundSegment:
    """The segment of a group that a client calls by a value, the lower edge of a bucket, or a term's name.

    Args:
        definition: of the group.
        value: what the client calls it.
        changed: when the group was written.
        called: what results call a group of conditions, if it needs a name.

    Raises:
        ApiProblem: the group has no such segment.
    """
    terms = spelling.terms_of(definition)
    if terms is not None:
        for expression, name in terms:
            if name == value:
                term = SegmentGroup.by_terms({name: expression}, called)
                return FoundSegment("where", term, frozenset({name}), changed)
    elif isinstance(group := segment_group(definition), Buckets):
        wanted = _number_or_text(value)
        for low, high in group.bounds():
            if low is not None and _number_or_text(text_of(low)) == wanted:
                return FoundSegment("bucket", group, frozenset({bucket_label(low, high)}))
    elif "values" in definition:
        for known in definition["values"]:
            if value in _spellings(known):
                one = SegmentGroup.by_value(definition["by"], values=[known])
                return FoundSegment("value", one, _spellings(known))
    else:
        return FoundSegment("value", group, _spellings(value))
    values = spelling.values_of(definition)
    named = ", ".join(text_of(one) for one in (values[:-1] if "buckets" in definition else values)[:20])
    raise unprocessable("segment.value", f"the segment does not have the value {value!r}; it has {named}")


def text_of(value: object) -> str:
    """A value of a segment as clients write it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def _spellings(value: object) -> frozenset[str]:
    """How clients may write a value: true is "True" to some, and 1 is "1.0" to others."""
    found = {str(value), text_of(value)}
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _EXACT:
        found |= {str(float(value))} | ({str(int(value))} if float(value).is_integer() else set())
    return frozenset(found)


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _given(column: str | None) -> str:
    if column is None:
        raise unprocessable("parameters.column", "it is missing")
    return column


def _of_many(name: str) -> Builtin:
    """What a metric of two classes is for predictions of many."""
    if name != "accuracy":
        raise unprocessable(
            "parameters.column",
            f"for predictions with many classes only accuracy is offered, not {name}; write others as "
            "code-based metrics",
        )
    return EQUAL


def _compares(name: str) -> bool:
    return name in BUILTIN and BUILTIN[name].needs in ("shares", "order")


def _dataset_id(version: ModelVersion, stage: str) -> str | None:
    return version.serving_id if stage == "serving" else version.training_id


def read_instant(text: str, name: str) -> datetime:
    """An instant as clients write it.

    Raises:
        ApiProblem: the text is not an instant.
    """
    twice = _TWO_OFFSETS.fullmatch(text)
    try:
        found = parse_instant(text if twice is None else twice[1], what=f"time_range.{name}")
    except UsageError as error:
        raise unprocessable(f"time_range.{name}", str(error)) from None
    return found.astimezone(UTC)
