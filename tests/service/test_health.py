"""Data that cannot be read, and segments that do not fit it: told at once, never in the way of the rest."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from engine.service.store.database import Database
from engine.service.store.tables import MetricVersion, Model, StoredDataset, StoredResult, Work, utc_now
from engine.service.work.calculate import run_due
from tests.service.conftest import Client, write_payments
from tests.service.databases import BOTH

pytestmark = pytest.mark.spark

COUNT = "def calc_metric(df):\n    return float(df.count())\n"


def refused(answer: httpx.Response, field: str, word: str) -> None:
    assert answer.status_code == 422, answer.text
    [problem] = answer.json()["error"]["problems"]
    assert problem["field"] == field and word in problem["message"]


def versions(client: Client, model: str) -> Any:
    return client.ok("GET", f"/model-versions?model_id={model}")


def results(client: Client, metric: str) -> Any:
    path = f"/metrics/code-based-metrics/{metric}/results"
    return client.ok("GET", path, params={"kind": "retention"})["results"]


def test_a_column_of_time_that_there_is_not_is_refused(client, payments):
    model, _, _ = client.model(payments)
    body = {"model_id": model, "name": "v", "serving_dataset": {"source": str(payments), "timestamp": "tss"}}
    refused(client("POST", "/model-versions", json=body), "serving_dataset.timestamp", "'ts'")
    body["serving_dataset"]["timestamp"] = "age"
    refused(client("POST", "/model-versions", json=body), "serving_dataset.timestamp", "does not hold a time")
    assert len(versions(client, model)) == 1


def test_data_that_is_not_there_is_shown_at_once_and_forgotten_once_it_is(
    client, payments, tmp_path, database, engine, settings, now
):
    late = payments.parent / f"{tmp_path.name}.parquet"
    model, _, _ = client.model(late)
    client.metric(model, COUNT)
    [version] = versions(client, model)
    assert version["health"]["status"] == "failing" and late.name in version["health"]["error"]
    write_payments(late)
    run_due(database, engine, now, settings)
    assert versions(client, model)[0]["health"]["status"] == "good"
    late.unlink()
    with database.session() as session:
        session.execute(sa.delete(Work))
    run_due(database, engine, now, settings)
    assert versions(client, model)[0]["health"]["status"] == "failing"


@pytest.mark.slow
def test_a_segment_that_fits_no_data_is_refused_where_there_is_data(client, payments):
    model, _, _ = client.model(payments)
    for body, field, word in (
        ({"by": "cuontry"}, "by", "did you mean 'country'"),
        ({"label": "x", "where": "nothing > 1"}, "where", "nothing"),
        ({"by": "country", "buckets": [1, 2]}, "by", "country"),
    ):
        refused(client("POST", "/data-segments", json={"model_id": model, **body}), field, word)
    assert client.ok("GET", f"/data-segments?model_id={model}") == []
    made = client.ok("POST", "/data-segments", json={"model_id": model, "by": "country"})
    assert made["health"] == {"status": "good", "versions": []}
    wrong = {"name": "m", "aggregation_period": "daily", "segments": [{"by": "age"}, {"by": "nope"}]}
    refused(client("PUT", f"/models/{model}", json=wrong), "segments.1", "nope")


@BOTH
def test_a_bad_segment_stops_no_other_and_a_bad_version_none(
    client, payments, database, engine, settings, now
):
    segments = [{"by": "country"}, {"by": "nope"}, {"label": "old", "where": "age > 60"}]
    model, version, dataset = client.model(payments, segments=segments)
    missing = {"source": str(payments.parent / "missing.parquet"), "timestamp": "ts"}
    body = {"model_id": model, "name": "v2", "serving_dataset": missing}
    client.ok("POST", "/model-versions", json=body)
    first, second = versions(client, model)
    bad = client.ok("GET", f"/models/{model}")["segments"][1]["id"]
    assert first["health"]["status"] == "bad-segments"
    assert [one["id"] for one in first["health"]["segments"]] == [bad]
    assert second["health"]["status"] == "failing"
    shown = client.ok("GET", f"/data-segments/{bad}")["health"]
    assert shown["status"] == "failing" and [one["id"] for one in shown["versions"]] == [version]

    metric = client.metric(model, COUNT)
    run_due(database, engine, now, settings)
    found = [one for one in results(client, metric) if one["dataset_id"] == dataset]
    labels = {one["label"] for one in found}
    assert labels == {"", "country = DE", "country = FR", "old"}
    assert {one["status"] for one in found} == {"ok"}
    answer = client.validate(metric, dataset)
    assert answer["status"] == "success" and len(answer["segments"]) == 3
    assert [one["code"] for one in answer["warnings"]][:1] == ["segment-left-out"]
    client.ok("DELETE", f"/data-segments/{bad}")
    assert versions(client, model)[0]["health"]["status"] == "good"


@BOTH
def test_a_version_without_a_time_is_validated_and_never_scheduled(
    client, payments, database, engine, settings, now
):
    model, _, dataset = client.model(payments, timestamp=None)
    metric = client.metric(model, COUNT)
    [version] = versions(client, model)
    assert version["health"]["status"] == "no-timestamp" and version["health"]["error"] is None
    assert client.validate(metric, dataset)["value"] == 400
    # What an earlier version has planned is ended without a result.
    with database.session() as session:
        code = session.scalars(sa.select(MetricVersion.id)).one()
        place = {"model_id": model, "metric_version_id": code, "dataset_id": dataset, "kind": "retention"}
        session.add(Work(**place, start=now, end=now, as_of=now))
    assert run_due(database, engine, now, settings).results == 0
    with database.session() as session:
        assert session.scalars(sa.select(Work.state)).all() == ["done"]
        assert session.scalars(sa.select(StoredResult.seq)).all() == []


@BOTH
def test_rows_of_an_earlier_version_are_migrated(settings):
    from alembic import command
    from alembic.config import Config

    from engine.service.store import migrations

    database = Database(settings.database)
    try:
        database.migrate()
        config = Config()
        config.set_main_option("script_location", str(next(iter(migrations.__path__))))
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "0002")
            made = {"account": "a", "workspace": "w", "aggregation_period": "daily", "retention": "1d"}
            row = {**made, "id": "m", "name": "n", "zone": "UTC", "created_at": utc_now()}
            connection.execute(sa.insert(Model), row)
            data = sa.text("INSERT INTO datasets (id, model_id, source) VALUES ('d', 'm', 'x.parquet')")
            connection.execute(data)
        database.migrate()
        with database.session() as session:
            [dataset] = session.scalars(sa.select(StoredDataset))
            assert (dataset.id, dataset.source, dataset.health) == ("d", "x.parquet", None)
    finally:
        database.close()


@pytest.mark.slow
def test_how_text_is_written_is_said_kept_and_used(
    client, payments, tmp_path, database, engine, settings, now
):
    folder = payments.parent / f"{tmp_path.name}-text"
    folder.mkdir()
    yesterday = f"{now - timedelta(days=1):%Y-%m-%d 12:00:00}"
    (folder / "p.csv").write_bytes(f"{yesterday};'Zürich;';1\n{yesterday};'Oslo';2\n".encode("cp1252"))
    said = {"header": False, "separator": ";", "encoding": "cp1252", "quote": "'"}
    dataset = {"source": str(folder / "p.csv"), "timestamp": "_c0", **said}
    model = client.ok("POST", "/models", json={"name": tmp_path.name, "aggregation_period": "daily"})["id"]
    body = {"model_id": model, "name": "v", "serving_dataset": dataset}
    version = client.ok("POST", "/model-versions", json=body)
    assert version["health"]["status"] == "good"
    assert version["serving_dataset"].items() >= said.items()
    metric = client.metric(
        model, "def calc_metric(df):\n    return float(df.agg({'_c2': 'sum'}).first()[0])\n"
    )
    tried = client.validate(metric, version["serving_dataset"]["id"])
    assert (tried["status"], tried["value"]) == ("success", 3.0)
    run_due(database, engine, datetime.now(UTC), settings)
    assert 3.0 in [result["value"] for result in results(client, metric)]


@pytest.mark.parametrize(("field", "value"), [("separator", "ab"), ("encoding", "utf-99"), ("quote", "x")])
def test_what_makes_no_sense_of_text_is_refused(client, payments, field, value):
    model, _, _ = client.model(payments)
    body = {"model_id": model, "name": "v", "serving_dataset": {"source": "x.csv", field: value}}
    refused(client("POST", "/model-versions", json=body), "body.serving_dataset", field)
