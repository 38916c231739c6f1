"""Several numbers and parameters in the service: stored, served, told apart, and kept by migrations."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from engine.service.store import migrations
from engine.service.store.database import Database
from engine.service.store.results import ResultQuery, page
from engine.service.store.tables import MetricVersion, StoredResult
from engine.service.work.calculate import run_due
from tests.service.conftest import Client
from tests.service.databases import BOTH, write_earlier

pytestmark = pytest.mark.spark

SCORES = """
from pyspark.sql import functions as F

def calc_metric(df, *, above: float = 30, column: ColumnName = "age") -> dict[str, float]:
    row = df.filter(F.col(column) > above).agg(F.count("*"), F.avg(column)).first()
    return {"rows": row[0]} if row[1] is None else {"rows": row[0], "mean": row[1]}
"""
COUNT = "def calc_metric(df):\n    return float(df.count())\n"
METRICS = "/metrics/code-based-metrics"


def register(client: Client, model: str, code: str, **more: Any) -> httpx.Response:
    return client("POST", METRICS, json={"model_id": model, "name": "m", "code": code, **more})


def test_parameters_are_part_of_a_metrics_version(client, payments):
    model, _, _ = client.model(payments)
    refused = register(client, model, SCORES, params={"above": "x", "nope": 1, "column": ""})
    assert refused.status_code == 422 and refused.json()["error"]["code"] == "params-refused"
    found = [(one["code"], one["line"]) for one in refused.json()["error"]["problems"]]
    assert found == [("parameter-unknown", 1), ("parameter-value", 4), ("parameter-value", 4)]
    for wrong in (
        {"above": None},
        {"above": [1]},
        {"above": {"a": 1}},
        [1],
        {f"p{i}": 1 for i in range(101)},
    ):
        assert register(client, model, SCORES, params=wrong).status_code == 422
    made = register(client, model, SCORES, params={"above": 40}).json()
    place = f"{METRICS}/{made['id']}"
    assert (made["version"], made["params"]) == (1, {"above": 40})
    assert client.ok("PUT", place, json={"params": {"above": 40}})["version"] == 1
    assert client.ok("PUT", place, json={"name": "other"})["params"] == {"above": 40}
    changed = client.ok("PUT", place, json={"params": {"above": 50}})
    assert (changed["version"], changed["params"], changed["code"]) == (2, {"above": 50}, SCORES)
    recoded = client.ok("PUT", place, json={"code": SCORES + "# more"})
    assert (recoded["version"], recoded["params"]) == (3, {"above": 50})
    # What is set has to fit the code that it is set of, also where only one of them changes.
    assert client("PUT", place, json={"code": COUNT}).json()["error"]["code"] == "params-refused"
    assert client("PUT", place, json={"params": {"nope": 1}}).json()["error"]["code"] == "params-refused"
    assert client.ok("PUT", place, json={"code": COUNT, "params": {}})["version"] == 4
    versions = client.ok("GET", f"{place}/versions")
    assert [one["params"] for one in versions] == [{"above": 40}, {"above": 50}, {"above": 50}, {}]


def test_named_values_are_stored_and_served_with_parameters(client, payments, database, engine, settings):
    model, _, _ = client.model(payments, segments=[{"by": "country"}])
    scores = register(client, model, SCORES, params={"above": 60}).json()["id"]
    plain = client.metric(model, COUNT)
    gone = register(client, model, SCORES, params={"column": "nope"}).json()["id"]
    now = datetime.now(UTC)
    run_due(database, engine, now, settings)
    place = f"{METRICS}/{scores}/results"
    found = client.ok("GET", place, params={"kind": "retention", "overall": True})["results"]
    assert [(one["name"], one["status"]) for one in found] == [("rows", "ok"), ("mean", "ok")]
    assert found[0]["value"] == 36.0 and found[1]["value"] == 65.0
    only = client.ok("GET", place, params={"kind": "retention", "name": "mean"})["results"]
    assert {one["name"] for one in only} == {"mean"} and len(only) == 3
    assert client.ok("GET", place, params={"name": "\0"})["results"] == []
    for more in ({}, {"limit": 10_000}):
        text = client("GET", place, params={"format": "csv", **more}).text
        lines = list(csv.DictReader(io.StringIO(text)))
        assert {one["name"] for one in lines} == {"rows", "mean"}
        text = client("GET", f"{METRICS}/{plain}/results", params={"format": "csv", **more}).text
        assert "name" not in text.splitlines()[0].split(",") and len(text.splitlines()) > 3
    shown = client.ok("GET", f"{METRICS}/{plain}/results")["results"]
    assert {one["name"] for one in shown} == {None}
    # A metric whose column is not there is given up, with the reason, and takes no other along.
    health = client.ok("GET", f"{METRICS}/{gone}")["health"]
    assert health["status"] == "poisoned" and "no column 'nope'" in health["error"]
    # What was calculated first gave other names; of each window what came last is served.
    with database.session() as session:
        one = session.scalars(sa.select(StoredResult).where(StoredResult.name == "mean").limit(1)).one()
        columns = [column.key for column in StoredResult.__table__.columns if column.key != "seq"]
        later = {name: getattr(one, name) for name in columns} | {
            "name": "new",
            "as_of": now + timedelta(seconds=1),
        }
        session.execute(sa.insert(StoredResult), later)
        wanted = ResultQuery(
            scores, start=one.window_start, end=one.window_end, label=one.label, kind=one.kind
        )
        assert [result.name for result, _ in page(session, wanted)] == ["new"]


def test_a_trial_tells_each_number_and_what_its_parameters_lack(client, payments):
    model, _, dataset = client.model(payments, segments=[{"by": "country"}])
    metric = register(client, model, SCORES, params={"above": 60}).json()["id"]
    answer = client.validate(metric, dataset)
    assert (answer["status"], answer["value"], answer["result"]) == ("success", None, None)
    assert {name: one["value"] for name, one in answer["named"].items()} == {"rows": 36.0, "mean": 65.0}
    assert [one["name"] for one in answer["segments"]] == ["rows", "mean"] * 2
    lacking = register(client, model, SCORES, params={"column": "nope"}).json()["id"]
    answer = client.validate(lacking, dataset)
    assert (answer["status"], answer["error"]["code"]) == ("failed", "params-refused")
    assert [one["code"] for one in answer["problems"]] == ["parameter-column"]


@BOTH
def test_results_of_an_earlier_version_are_kept_and_new_ones_stand_beside_them(settings):
    database = Database(settings.database)
    try:
        database.migrate()
        config = Config()
        config.set_main_option("script_location", str(next(iter(migrations.__path__))))
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "0004")
            write_earlier(connection)
        database.migrate()
        with database.session() as session:
            [(kept, number)] = page(session, ResultQuery("k"))
            assert (kept.name, kept.baseline, kept.snapshot, kept.value, number) == ("", "", "", 0.5, 1)
            assert session.scalars(sa.select(MetricVersion.params)).all() == [None]
            columns = [column.key for column in StoredResult.__table__.columns if column.key != "seq"]
            row = {name: getattr(kept, name) for name in columns}
            session.execute(sa.insert(StoredResult), [{**row, "name": "a"}, {**row, "baseline": "b"}])
            with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
                session.execute(sa.insert(StoredResult), row)
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "0004")
            assert connection.execute(sa.text("SELECT value FROM results")).all() == [(0.5,)]
    finally:
        database.close()
