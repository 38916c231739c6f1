"""Data sources, datasets and columns as Aporia's clients ask for them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.service.aporia.configs import read_config, refuse_kind
from tests.service.conftest import make_client

COUNT = "def calc_metric(df):\n    return float(df.count())\n"
CRUD = "crud-service"
SCHEMA = {
    "id_column": "id",
    "timestamp_column": "ts",
    "raw_inputs": [{"name": "country", "type": "categorical"}],
    "features": [{"name": "age", "type": "numeric"}],
    "predictions": [{"name": "score", "type": "numeric"}],
    "actuals": [{"name": "label", "type": "boolean", "properties": {"prediction": "score"}}],
}


@pytest.fixture
def source(client):
    secret = {"type": "s3", "aws_secret_access_key": "hunter2"}
    return client.ok("POST", "/data-sources", json={"name": "files", "connection": secret})


@pytest.fixture
def version(client):
    model = client.ok("POST", "/models", json={"name": "m", "retention": "10d"})["id"]
    return client.ok("POST", "/model-versions", json={"name": "v1", "model_id": model})


@pytest.fixture
def body(source, version, payments):
    return {
        "stage": "serving",
        "model_id": version["model_id"],
        "model_version_id": version["id"],
        "data_source_id": source["id"],
        "config": {"path": str(payments)},
        "schema": SCHEMA,
    }


def test_a_data_source_forgets_what_opens_it(client, source, settings):
    assert (source["name"], source["type"]) == ("files", "s3")
    place = f"/data-sources/{source['id']}"
    changed = {"name": "tables", "data_source_type": "hive", "connection_data": {"password": "hunter2"}}
    assert client.ok("PUT", place, json=changed) == {**source, "name": "tables", "type": "hive"}
    assert client.ok("GET", "/data-sources") == [client.ok("GET", place)]
    files = Path(settings.database.removeprefix("sqlite:///")).parent.glob("service.db*")
    assert not any(b"hunter2" in file.read_bytes() for file in files)
    twice = {"name": "tables", "connection": {"type": "s3"}}
    assert client("POST", "/data-sources", json=twice).status_code == 409
    for wrong in ({"type": "postgres"}, {"type": 1}, {}):
        answer = client("POST", "/data-sources", json={"name": "n", "connection": wrong})
        assert answer.status_code == 422
    both = {"type": "s3", "connection": {"type": "hive"}}
    assert client("PUT", place, json=both).status_code == 422


def test_data_sources_are_of_one_workspace(client, http, settings, source, body):
    evil = make_client(http, settings, "evil")
    place = f"/data-sources/{source['id']}"
    for method in ("GET", "DELETE"):
        assert evil(method, place).status_code == 404
    assert evil("PUT", place, json={"name": "x"}).status_code == 404
    assert evil.ok("GET", "/data-sources") == []
    made = client.ok("POST", "/datasets", json=body)
    for method in ("GET", "DELETE"):
        assert evil(method, f"/datasets/{made['id']}").status_code == 404
    assert evil.ok("GET", "/datasets") == []
    assert evil.ok("GET", f"/datasets?model_version_id={body['model_version_id']}") == []
    assert evil("POST", "/datasets", json=body).status_code == 404


def test_a_kind_that_is_not_read_names_those_that_are():
    with pytest.raises(UsageError) as refused:
        refuse_kind("bigquery")
    assert all(word in str(refused.value) for word in ("'bigquery'", "upload_file", "databricks"))


def test_a_dataset_comes_back_as_it_was_said(client, source, version, body):
    made = client.ok("POST", "/datasets", json=body)
    assert made["config"] == body["config"] and made["data_source_id"] == source["id"]
    assert (made["stage"], made["model_version_id"]) == ("serving", version["id"])
    assert made["schema"]["features"] == [{"name": "age", "type": "numeric", "properties": None}]
    assert made["schema"]["actuals"] == SCHEMA["actuals"]
    assert made["schema"]["timestamp_column"] == "ts" and made["schema"]["group_by_column"] is None
    assert client.ok("GET", f"/datasets/{made['id']}") == made
    assert client.ok("GET", f"/datasets?model_version_id={version['id']}") == [made]
    assert client.ok("GET", "/datasets?model_version_id=other") == []
    assert client("POST", "/datasets", json=body).status_code == 409
    seen = client.ok("GET", f"/model-versions/{version['id']}")
    assert seen["serving_dataset"] == {
        "id": made["id"], "source": body["config"]["path"], "timestamp": "ts",
        "header": None, "separator": None, "encoding": None, "quote": None,
    }  # fmt: skip
    assert seen["health"]["status"] == "good"
    client.ok("DELETE", f"/data-sources/{source['id']}")
    assert client.ok("GET", f"/datasets/{made['id']}") == {**made, "data_source_id": None}
    client.ok("DELETE", f"/datasets/{made['id']}")
    assert client.ok("GET", f"/model-versions/{version['id']}")["health"]["status"] == "no-data"


def test_what_our_own_clients_made_is_seen(client, payments):
    _, version, dataset = client.model(payments)
    [seen] = client.ok("GET", f"/datasets?model_version_id={version}")
    assert (seen["id"], seen["config"], seen["stage"]) == (dataset, {"path": str(payments)}, "serving")
    assert seen["schema"]["timestamp_column"] == "ts" and seen["schema"]["features"] == []


def test_a_dataset_that_may_not_be_read_is_refused(client, body):
    wrong_ones = ("/etc/passwd", "", "x\0")
    for config in ({"query": "SELECT * FROM t"}, *({"path": path} for path in wrong_ones)):
        assert client("POST", "/datasets", json={**body, "config": config}).status_code == 422
    wrong = {**body, "schema": {**SCHEMA, "timestamp_column": "nope"}}
    answer = client("POST", "/datasets", json=wrong).json()["error"]
    assert answer["problems"][0]["field"] == "schema.timestamp_column"
    for name in ("data_source_id", "model_version_id", "model_id"):
        assert client("POST", "/datasets", json={**body, name: "other"}).status_code == 404


def test_columns_are_the_fields_of_a_model(client, elsewhere, body):
    client.ok("POST", "/datasets", json=body)
    fields = elsewhere(CRUD, "GET", f"/fields?model_id={body['model_id']}").json()
    assert [(one["name"], one["group"], one["type"]) for one in fields] == [
        ("country", "raw_inputs", "categorical"),
        ("age", "features", "numeric"),
        ("score", "predictions", "numeric"),
        ("label", "actuals", "boolean"),
    ]
    assert len({one["id"] for one in fields}) == 4
    assert fields == elsewhere(CRUD, "GET", f"/fields?model_id={body['model_id']}").json()
    assert elsewhere(CRUD, "GET", "/fields?model_id=other").status_code == 404


def test_another_query_is_other_data(client, elsewhere, body, calculated, payments):
    made = client.ok("POST", "/datasets", json=body)
    metric = client.metric(body["model_id"], COUNT)
    calculated(body["model_id"])
    place = f"/metrics/code-based-metrics/{metric}/results"
    change = f"/datasets/{made['id']}/change-query"
    same = elsewhere(CRUD, "PUT", change, json={"config": body["config"], "id_column": "age"}).json()
    assert same == {
        "config": body["config"], "id_column": "age", "timestamp_column": "ts",
        "data_source_id": body["data_source_id"],
    }  # fmt: skip
    assert client.ok("GET", place)["results"]
    other = {"config": {"location": f"{payments.parent}/*.parquet"}}
    assert elsewhere(CRUD, "PUT", change, json=other).json()["config"] == other["config"]
    assert client.ok("GET", place)["results"] == []
    assert elsewhere(CRUD, "PUT", change, json={"config": {"path": "/etc"}}).status_code == 422


@pytest.mark.parametrize(
    ("config", "read"),
    [
        ({"path": "a.csv", "separator": ";"}, {"source": "a.csv", "separator": ";"}),
        ({"location": "s3://b/c"}, {"source": "s3://b/c"}),
        ({"object_path": "t", "object_format": "delta"}, {"source": "delta:t"}),
        ({"object_path": "delta:t", "object_format": "delta"}, {"source": "delta:t"}),
        ({"query": "select *  FROM a.b_1 ;"}, {"source": "a.b_1"}),
    ],
)  # fmt: skip
def test_what_a_config_reads(config, read):
    assert read_config(config) == read


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"path": 1},
        {"path": "a", "location": "b"},
        {"path": "a", "password": "b"},
        {"query": "SELECT a FROM b"},
        {"query": "SELECT * FROM b WHERE 1 = 1"},
        {"query": "SELECT * FROM a, b"},
        {"query": "SELECT * FROM `a`"},
        {"path": "a", "object_format": "xml"},
        {"path": "a", "object_format": ["csv"]},
    ],
)
def test_a_config_that_says_anything_else_is_refused(config):
    with pytest.raises(UsageError, match="config"):
        read_config(config)


def test_other_training_data_is_another_baseline(client, elsewhere, body, calculated, payments):
    """What was compared with the old one is deleted with it; what was not compared stays."""
    made = client.ok("POST", "/datasets", json=body)
    training = client.ok("POST", "/datasets", json={**body, "stage": "training"})
    shift = "def calc_metric(df, baseline):\n    return float(baseline.count())\n"
    metrics = [client.metric(body["model_id"], code, name) for code, name in ((COUNT, "a"), (shift, "b"))]
    calculated(body["model_id"])

    def results(metric: str) -> int:
        return len(client.ok("GET", f"/metrics/code-based-metrics/{metric}/results")["results"])

    before = [results(metric) for metric in metrics]
    assert all(before)
    place, other = f"/datasets/{training['id']}/change-query", f"{payments.parent}/*.parquet"
    assert elsewhere(CRUD, "PUT", place, json={"config": {"path": other}}).status_code == 200
    assert [results(metric) for metric in metrics] == [before[0], 0]
    calculated(body["model_id"])
    assert [results(metric) for metric in metrics] == before
    assert client.ok("GET", f"/datasets/{made['id']}")["config"] == body["config"]
