"""The script that brings a workspace from one address to another."""

from __future__ import annotations

import json

import pytest

from examples.aporia import move
from tests.service.conftest import make_client

COUNT = "def calc_metric(df, *, least: int = 0):\n    return float(df.where(df.age >= least).count())\n"


def test_a_workspace_is_moved_with_its_metrics(
    client, http, settings, payments, tmp_path, monkeypatch, capsys
):
    source = client.ok("POST", "/data-sources", json={"name": "s", "connection": {"type": "upload_file"}})
    looks = {"name": "m", "type": "ranking", "description": "d", "aggregation_period": "hourly"}
    model = client.ok("POST", "/models", json=looks)["id"]
    version = client.ok("POST", "/model-versions", json={"name": "v1", "model_id": model})["id"]
    client.ok("PUT", f"/model-versions/{version}", json={"is_active": False})
    columns = {"timestamp_column": "ts", "features": [{"name": "age", "type": "numeric"}]}
    dataset = {
        "stage": "serving", "model_id": model, "model_version_id": version, "data_source_id": source["id"],
        "config": {"path": str(payments)}, "schema": columns,
    }  # fmt: skip
    client.ok("POST", "/datasets", json=dataset)
    client.model(payments)  # of our own kind, without a data source
    for part in (
        {"field_name": "age", "values": [20, 30]},
        {"terms_values": [["age > 30", "old"]]},
    ):
        client.ok("POST", "/data-segments", json={"name": next(iter(part)), "model_id": model, **part})
    client.ok("POST", "/data-segments", json={"model_id": model, "by": "country"})
    metric = {"model_id": model, "name": "count", "code": COUNT, "params": {"least": 30}}
    client.ok("POST", "/metrics/code-based-metrics", json=metric)

    other = make_client(http, settings, workspace=f"{client.workspace}-new")
    file, url = tmp_path / "moved.json", str(http.base_url).rstrip("/")
    monkeypatch.setenv("APORIA_TOKEN", client.key)
    move.main(["export", url, "acme", client.workspace, str(file)])
    text = file.read_text().replace(str(payments), f"/old/{payments.name}")
    file.write_text(text)
    monkeypatch.setenv("APORIA_TOKEN", other.key)
    for _ in range(2):  # the second time all of it is there
        move.main(["import", url, "acme", other.workspace, str(file), f"/old={payments.parent}"])
    assert "m: 1 metrics" in capsys.readouterr().out

    [made, ours] = other.ok("GET", "/models")
    assert {name: made[name] for name in looks} == looks
    [again] = other.ok("GET", f"/model-versions?model_id={made['id']}")
    assert again["is_active"] is False and again["serving_dataset"]["source"] == str(payments)
    [of_ours] = other.ok("GET", f"/model-versions?model_id={ours['id']}")
    assert of_ours["serving_dataset"]["timestamp"] == "ts"
    segments = other.ok("GET", f"/data-segments?model_id={made['id']}")
    assert [one["values"] for one in segments] == [[20, 30], ["old"], []]
    [moved] = other.ok("GET", "/metrics/code-based-metrics")
    whole = other.ok("GET", f"/metrics/code-based-metrics/{moved['id']}")
    assert (whole["name"], whole["code"], whole["params"]) == ("count", COUNT, {"least": 30})
    assert len(other.ok("GET", "/data-sources")) == 2


def test_what_is_refused_ends_it_with_the_reason(client, http, tmp_path, monkeypatch):
    url = str(http.base_url).rstrip("/")
    monkeypatch.setenv("APORIA_TOKEN", "cm_wrong")
    with pytest.raises(SystemExit, match="401"):
        move.main(["export", url, "acme", client.workspace, str(tmp_path / "x")])
    monkeypatch.setenv("APORIA_TOKEN", client.key)
    file = tmp_path / "moved.json"
    file.write_text(json.dumps({"data_sources": [{"name": "x", "type": "oracle"}], "models": []}))
    with pytest.raises(SystemExit, match="'oracle'"):
        move.main(["import", url, "acme", client.workspace, str(file)])
    with pytest.raises(SystemExit, match=r"python move\.py"):
        move.main([])
