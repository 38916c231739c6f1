"""Bring models, data, segments and code-based metrics from one address to another, by way of a file.

    APORIA_TOKEN=... python move.py export URL ACCOUNT WORKSPACE FILE
    APORIA_TOKEN=... python move.py import URL ACCOUNT WORKSPACE FILE [OLD-PATH=NEW-PATH ...]

It asks for what Aporia's own client asks for, and needs nothing but Python. What is there already, by its
name, is kept as it is, so that an import may be repeated. Credentials are in no file: a data source is moved
as a name and a type. A path that another one is given for may be the beginning of several.
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

METRICS = "/metrics/code-based-metrics"
LOOKS = ("name", "type", "description", "icon", "color", "owner", "aggregation_period")
PLACES = ("path", "location", "object_path")


class Workspace:
    """A workspace at an address, and what is in it."""

    def __init__(self, url: str, account: str, workspace: str, token: str):
        parts = (urllib.parse.quote(part, safe="") for part in (account, workspace))
        self.base = f"{url.rstrip('/')}/api/v1/{'/'.join(parts)}"
        self.token = token

    def ask(self, method: str, path: str, body: object = None):
        """Ask for something; end with what is wrong, if it is refused."""
        data = None if body is None else json.dumps(body).encode()
        head = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if not self.base.startswith(("http://", "https://")):
            sys.exit(f"{self.base} is no address of the web")
        request = urllib.request.Request(self.base + path, data, head, method=method)  # noqa: S310 - see above
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            sys.exit(f"{method} {path}: {error.code}: {error.read().decode(errors='replace')}")
        except urllib.error.URLError as error:
            sys.exit(f"{self.base} does not answer: {error.reason}")

    def all(self, path: str, **query: str):
        """A whole list."""
        return self.ask("GET", f"{path}?{urllib.parse.urlencode(query)}" if query else path)


def export(workspace: Workspace) -> dict[str, Any]:
    """Everything of a workspace that an import takes, by the names of what belongs together."""
    sources = {one["id"]: one["name"] for one in workspace.all("/data-sources")}
    kinds = [{"name": one["name"], "type": one["type"]} for one in workspace.all("/data-sources")]
    models = []
    for model in workspace.all("/models"):
        versions = []
        for version in workspace.all("/model-versions", model_id=model["id"]):
            datasets = [
                {
                    "stage": one["stage"],
                    "data_source": sources.get(one["data_source_id"]),
                    "config": one["config"],
                    "schema": one["schema"],
                }
                for one in workspace.all("/datasets", model_version_id=version["id"])
            ]
            active = version.get("is_active", True)
            versions.append({"name": version["name"], "is_active": active, "datasets": datasets})
        segments = [
            {"name": one["name"], **_segment(one)}
            for one in workspace.all("/data-segments", model_id=model["id"], is_manually_created="true")
        ]
        metrics = []
        for one in workspace.all(METRICS, model_id=model["id"]):
            whole = workspace.ask("GET", f"{METRICS}/{one['id']}")  # lists may leave the code out
            metrics.append({"name": whole["name"], "code": whole["code"], "params": whole.get("params", {})})
        looks = {name: model[name] for name in LOOKS if model.get(name) is not None}
        models.append({**looks, "versions": versions, "segments": segments, "metrics": metrics})
    return {"data_sources": kinds, "models": models}


def _segment(segment: dict[str, Any]) -> dict[str, Any]:
    if segment["terms_values"] is not None:
        return {"terms_values": segment["terms_values"]}
    if not segment["values"]:  # the most frequent values, whichever these are
        return {"by": segment["field_name"]}
    return {"field_name": segment["field_name"], "values": segment["values"]}


def bring(workspace: Workspace, found: dict[str, Any], moved: dict[str, str]) -> None:
    """Make what is not there yet."""
    sources = {one["name"]: one["id"] for one in workspace.all("/data-sources")}
    for source in found["data_sources"]:
        if source["name"] not in sources:
            body = {"name": source["name"], "connection": {"type": source["type"]}}
            sources[source["name"]] = workspace.ask("POST", "/data-sources", body)["id"]
    known = {one["name"]: one["id"] for one in workspace.all("/models")}
    for model in found["models"]:
        made = known.get(model["name"])
        if made is None:
            looks = {name: model[name] for name in LOOKS if name in model}
            made = workspace.ask("POST", "/models", looks)["id"]
        there = {one["name"] for one in workspace.all("/model-versions", model_id=made)}
        for version in model["versions"]:
            if version["name"] not in there:
                _bring_version(workspace, made, version, sources, moved)
        _bring_rest(workspace, made, "/data-segments", model["segments"])
        _bring_rest(workspace, made, METRICS, model["metrics"])
        print(f"{model['name']}: {len(model['metrics'])} metrics")


def _bring_version(
    workspace: Workspace, model: str, version: dict[str, Any], sources: dict[str, Any], moved: dict[str, Any]
) -> None:
    made = workspace.ask("POST", "/model-versions", {"model_id": model, "name": version["name"]})["id"]
    if not version["is_active"]:
        workspace.ask("PUT", f"/model-versions/{made}", {"is_active": False})
    for dataset in version["datasets"]:
        name = dataset["data_source"]
        if name is None:  # a client of another kind made the dataset
            name = "files"
            if name not in sources:
                body = {"name": name, "connection": {"type": "upload_file"}}
                sources[name] = workspace.ask("POST", "/data-sources", body)["id"]
        body = {
            "stage": dataset["stage"],
            "model_id": model,
            "model_version_id": made,
            "data_source_id": sources[name],
            "config": _moved(dataset["config"], moved),
            "schema": dataset["schema"],
        }
        workspace.ask("POST", "/datasets", body)


def _bring_rest(workspace: Workspace, model: str, path: str, wanted: list[Any]) -> None:
    there = {one["name"] for one in workspace.all(path, model_id=model)}
    for one in wanted:
        if one["name"] not in there:
            workspace.ask("POST", path, {"model_id": model, **one})


def _moved(config: dict[str, Any], moved: dict[str, str]) -> dict[str, Any]:
    """A dataset's config with the paths that there are now."""
    made = dict(config)
    for name in PLACES:
        for old, new in moved.items():
            if str(made.get(name, "")).startswith(old):
                made[name] = new + made[name].removeprefix(old)
                break
    return made


def main(words: list[str]) -> None:
    """Export or import."""
    if len(words) < 5 or words[0] not in ("export", "import"):
        sys.exit(__doc__)
    action, url, account, workspace, file, *paths = words
    there = Workspace(url, account, workspace, os.environ.get("APORIA_TOKEN", ""))
    if action == "export":
        Path(file).write_text(json.dumps(export(there), indent=2), encoding="utf-8")
    else:
        found = json.loads(Path(file).read_text(encoding="utf-8"))
        bring(there, found, dict(path.split("=", 1) for path in paths))


if __name__ == "__main__":
    main(sys.argv[1:])
