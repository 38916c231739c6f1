"""Metrics of two frames in the service: refused without a baseline, calculated, tried, and kept apart."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from engine.service.store import migrations
from engine.service.store.database import Database
from engine.service.store.tables import StoredResult
from engine.service.work.calculate import run_due
from tests.service.conftest import Client
from tests.service.databases import BOTH, write_earlier

pytestmark = pytest.mark.spark

METRICS = "/metrics/code-based-metrics"
TWO = "def calc_metric(df, baseline):\n    return df.count() - baseline.count()\n"
ONE = "def calc_metric(df):\n    return df.count()\n"
SEGMENTS = [{"by": "country"}]


@pytest.fixture(scope="module")
def training(payments):
    """Ten rows, all of one country."""
    path = payments.parent / "training.parquet"
    now = pd.Timestamp("2026-01-01", tz="UTC").as_unit("us")
    pd.DataFrame({"ts": [now] * 10, "age": range(10), "country": "DE"}).to_parquet(path)
    return path


def register(client: Client, model: str, code: str) -> httpx.Response:
    return client("POST", METRICS, json={"model_id": model, "name": "m", "code": code})


def add_version(client: Client, model: str, payments: Path, training: Path) -> dict[str, Any]:
    body = {
        "model_id": model,
        "name": "trained",
        "serving_dataset": {"source": str(payments), "timestamp": "ts"},
        "training_dataset": {"source": str(training)},
    }
    version: dict[str, Any] = client.ok("POST", "/model-versions", json=body)
    return version


def test_a_model_without_one_refuses_such_a_metric_and_says_what_to_do(client, payments, training):
    model, _, _ = client.model(payments)
    refused = register(client, model, TWO)
    (problem,) = refused.json()["error"]["problems"]
    assert refused.status_code == 422 and problem["code"] == "baseline-missing" and problem["line"] == 1
    assert "training_dataset" in problem["hint"] and '"kind": "previous"' in problem["hint"]
    plain = client.metric(model, ONE)
    assert client("PUT", f"{METRICS}/{plain}", json={"code": TWO}).status_code == 422
    assert register(client, model, TWO.replace("baseline)", "baseline=None)")).status_code == 200
    add_version(client, model, payments, training)
    assert register(client, model, TWO).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "last"},
        {"kind": "first"},
        {"kind": "first", "length": "soon"},
        {"kind": "previous", "length": "1d"},
    ],
)
def test_a_setting_that_makes_no_sense(client, wrong):
    body = {"name": "x", "aggregation_period": "daily", "baseline": wrong}
    assert client("POST", "/models", json=body).status_code == 422


def test_a_setting_is_shown_stays_and_is_taken_away(client):
    body = {"name": "settings of baselines", "aggregation_period": "daily"}
    first = {"kind": "first", "length": "30d"}
    model = client.ok("POST", "/models", json={**body, "baseline": first})
    assert model["baseline"] == first
    place = f"/models/{model['id']}"
    assert client.ok("PUT", place, json=body)["baseline"] == first
    assert client.ok("PUT", place, json={**body, "baseline": {"kind": "previous"}})["baseline"] == {
        "kind": "previous"
    }
    assert client.ok("PUT", place, json={**body, "baseline": None})["baseline"] is None


def test_training_data_is_compared_with(client, payments, training, database, engine, settings):
    model, _, _ = client.model(payments, segments=SEGMENTS)
    version = add_version(client, model, payments, training)
    serving = version["serving_dataset"]["id"]
    two, one = client.metric(model, TWO), client.metric(model, ONE, "n")
    answer = client.validate(two, serving)
    assert answer["status"] == "success" and answer["result"]["baseline_rows"] == 10
    assert [each["baseline_rows"] for each in answer["segments"]] == [10, 0]
    answer = client.validate(one, serving)
    assert answer["result"].get("baseline_rows") is None
    assert "baseline-unused" not in [each["code"] for each in answer["warnings"]]
    run_due(database, engine, datetime.now(UTC), settings)
    asked = {"dataset_id": serving, "kind": "retention"}
    found = client.ok("GET", f"{METRICS}/{two}/results", params=asked)["results"]
    assert {each["label"]: each["baseline_rows"] for each in found} == {
        "": 10, "country = DE": 10, "country = FR": 0,
    }  # fmt: skip
    assert all(each["value"] == each["rows"] - each["baseline_rows"] for each in found)
    plain = client.ok("GET", f"{METRICS}/{one}/results", params=asked)["results"]
    assert {each["baseline_rows"] for each in plain} == {None} and {each["status"] for each in plain} == {
        "ok"
    }
    text = client("GET", f"{METRICS}/{two}/results", params={"format": "csv"}).text
    assert "baseline_rows" in text.splitlines()[0]
    text = client("GET", f"{METRICS}/{one}/results", params={"format": "csv"}).text
    assert "baseline_rows" not in text.splitlines()[0]
    with database.session() as session:
        kept = set(session.scalars(sa.select(StoredResult.baseline)))
        assert kept == {"", f"training:{version['training_dataset']['id']}"}


def test_the_window_before_is_compared_with(client, payments, database, engine, settings):
    model, _, dataset = client.model(payments, baseline={"kind": "previous"})
    metric = client.metric(model, TWO)
    answer = client.validate(metric, dataset)
    assert answer["status"] == "success" and answer["result"]["baseline_rows"] > 0
    run_due(database, engine, datetime.now(UTC), settings)
    found = client.ok("GET", f"{METRICS}/{metric}/results", params={"kind": "period"})["results"]
    assert len(found) > 5
    for before, after in itertools.pairwise(found):
        assert after["baseline_rows"] == before["rows"], "each day follows the one before"


def test_a_baseline_that_cannot_be_read_harms_no_other_metric(
    client, payments, training, database, engine, settings
):
    gone = training.parent / "gone.parquet"
    gone.write_bytes(training.read_bytes())
    model, _, _ = client.model(payments)
    serving = add_version(client, model, payments, gone)["serving_dataset"]["id"]
    two, one = client.metric(model, TWO), client.metric(model, ONE, "n")
    gone.unlink()
    run_due(database, engine, datetime.now(UTC), settings)
    assert client.ok("GET", f"{METRICS}/{one}/results", params={"dataset_id": serving})["results"]
    assert not client.ok("GET", f"{METRICS}/{two}/results", params={"dataset_id": serving})["results"]


@BOTH
def test_rows_of_an_earlier_version_are_kept(settings):
    database = Database(settings.database)
    try:
        database.migrate()
        config = Config()
        config.set_main_option("script_location", str(next(iter(migrations.__path__))))
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "0004")
            write_earlier(connection)
            command.upgrade(config, "0006")
        database.migrate()
        with database.engine.begin() as connection:
            rows = connection.execute(sa.text("SELECT value, baseline, baseline_rows FROM results")).all()
            assert rows == [(0.5, "", None)]
            assert connection.execute(sa.text("SELECT name, baseline FROM models")).all() == [("n", None)]
            config.attributes["connection"] = connection
            command.downgrade(config, "0006")
            assert connection.execute(sa.text("SELECT value FROM results")).all() == [(0.5,)]
    finally:
        database.close()
