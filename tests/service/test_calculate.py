"""Calculation through the database: filled in, gone on with, claimed once, given up."""

import contextlib
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from engine import Limits
from engine.errors import UsageError
from engine.service import library
from engine.service.store.database import Database
from engine.service.store.kinds import DUE
from engine.service.store.tables import Base, Metric, StoredResult, Work
from engine.service.work import leases
from engine.service.work.calculate import run_due
from engine.service.work.planning import Planner
from engine.service.work.schedule import last_tick
from tests.service.conftest import Client

pytestmark = [
    pytest.mark.spark,
    pytest.mark.parametrize(
        "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
    ),
]

COUNT = "def calc_metric(df):\n    return float(df.count())\n"
HUNG = "def calc_metric(df):\n    while True:\n        pass\n"


@pytest.fixture
def filled(client, payments):
    """A model with two metrics."""
    model, _, dataset = client.model(payments, segments=[{"by": "country"}])
    return client, model, dataset, [client.metric(model, COUNT), client.metric(model, COUNT + "\n# two")]


def results(client: Client, metric: str, **params: Any) -> Any:
    return client.ok("GET", f"/metrics/code-based-metrics/{metric}/results", params=params)["results"]


def rows(database: Database, query: Any) -> Sequence[Any]:
    with database.session() as session:
        return session.execute(query).all()


def test_a_new_metric_is_filled_in_and_nothing_is_made_twice(filled, database, engine, settings, now):
    client, _, dataset, (metric, other) = filled
    tally = run_due(database, engine, now, settings)
    # The retention and its ten days, of all data and both countries, for each metric.
    assert (tally.planned, tally.runs, tally.results) == (4, 4, 2 * 11 * 3)
    assert run_due(database, engine, now, settings).runs == 0

    tick = last_tick(now, "daily", "UTC")
    [full] = results(client, metric, kind="retention", overall=True)
    assert full["window"]["end"] == full["as_of"] == tick.isoformat()
    days = results(client, metric, kind="period", overall=True)
    assert sum(day["value"] for day in days) == full["value"] == pytest.approx(200, abs=1)
    assert [day["window"]["start"] for day in days] == sorted(day["window"]["start"] for day in days)
    parts = results(client, metric, kind="retention")
    assert parts == results(client, metric, window="retention")  # the parameter's older name
    assert sum(part["value"] for part in parts if part["segment"]) == full["value"]
    assert {part["version"] for part in parts} == {1} and {part["dataset_id"] for part in parts} == {dataset}
    assert len({row["run_id"] for row in [*results(client, metric), *results(client, other)]}) == 2


@pytest.mark.slow
def test_the_next_day_adds_one_window_and_new_code_begins_anew(filled, database, engine, settings, now):
    client, _, _, (metric, _) = filled
    run_due(database, engine, now - timedelta(days=1), settings)
    assert run_due(database, engine, now, settings).results == 2 * 2 * 3
    assert len(results(client, metric, kind="period", overall=True)) == 11
    client.ok("PUT", f"/metrics/code-based-metrics/{metric}", json={"code": COUNT + "# new"})
    assert run_due(database, engine, now, settings).results == 11 * 3
    assert len(results(client, metric, version=2)) == 33
    assert client.ok("GET", f"/metrics/code-based-metrics/{metric}/versions")[1]["code"].endswith("# new")


def test_recalculation_stands_beside_what_was_there(filled, database, engine, settings, now):
    client, model, _, (metric, _) = filled
    run_due(database, engine, now, settings)
    before = results(client, metric, kind="period", overall=True)
    body = {"model_id": model, "metric_id": metric, "start": before[2]["window"]["start"]}
    body["end"] = before[4]["window"]["start"]
    assert client.ok("POST", "/metrics/recalculate", json=body)["windows"] == 2
    assert run_due(database, engine, now, settings).results == 2 * 3
    again = results(client, metric, kind="period", overall=True)
    assert [one["value"] for one in again] == [one["value"] for one in before]
    assert sum(one["as_of"] != before[0]["as_of"] for one in again) == 2
    assert len(results(client, metric, kind="period", overall=True, history=True)) == 12


def test_a_claim_is_of_one_and_a_lost_one_is_taken_over(client, payments, settings, now):
    model, _, _ = client.model(payments, retention="1d")
    for _ in range(2):
        client.metric(model, COUNT)
    moment = [now]
    with contextlib.closing(Database(settings.database, now=lambda: moment[0])) as clocked:
        Planner(clocked).plan(now)
        with clocked.session() as session:
            first = leases.claim_work(session, settings)
        assert first is not None and len(first.work) == 2
        moment[0] += timedelta(seconds=settings.lease_seconds - 1)
        with clocked.session() as session:
            assert leases.claim_work(session, settings) is None
        moment[0] += timedelta(seconds=2)
        with clocked.session() as session:
            second = leases.claim_work(session, settings)
            assert second is not None
            assert {one.id for one in second.work} == {one.id for one in first.work}
        with clocked.session() as session:
            assert not leases.renew(session, first, 30)
            assert not leases.finish(session, first, first.first, [])
            assert leases.finish(session, second, second.first, [])


def test_threads_that_calculate_at_once_share_the_work(filled, database, engine, settings, payments, now):
    client, *_ = filled
    for _ in range(2):
        model, _, _ = client.model(payments)
        client.metric(model, COUNT)
    tallies = []
    threads = [
        threading.Thread(target=lambda: tallies.append(run_due(database, engine, now, settings)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(tally.runs for tally in tallies) == 8
    assert sum(tally.results for tally in tallies) == 2 * 33 + 2 * 11
    assert rows(database, sa.select(sa.func.count()).select_from(StoredResult)) == [(88,)]


@pytest.mark.slow
def test_a_hung_metric_ends_is_marked_and_pauses(filled, database, engine, settings, now):
    client, model, _, _ = filled
    hung = client.metric(model, HUNG)
    short = replace(settings, limits=Limits(cpu_seconds=1))
    run_due(database, engine, now, short)
    assert {one["status"] for one in results(client, hung)} == {"limit"}
    health = client.ok("GET", f"/metrics/code-based-metrics/{hung}")["health"]
    assert (health["status"], health["failures"]) == ("failing", 1) and health["paused_until"]
    waits = rows(database, sa.select(Work.not_before).where(Work.state == DUE))
    assert len(waits) == 1 and waits[0][0] is not None  # its other range, until the pause is over
    others = [one for one in client.ok("GET", "/metrics/code-based-metrics") if one["id"] != hung]
    assert {one["health"]["status"] for one in others} == {"good"}


def test_data_that_cannot_be_read_is_tried_later_and_then_given_up(
    client, payments, database, engine, settings, now
):
    model, _, _ = client.model(payments.parent / "nope.parquet", retention="1d")
    metric = client.metric(model, COUNT)
    few = replace(settings, attempts=2)
    assert run_due(database, engine, now, few).runs == 0
    query = sa.select(Work.state, Work.attempts, Work.error, Work.not_before)
    [(state, attempts, error, later)] = rows(database, query)
    assert (state, attempts) == ("due", 1) and "no file" in error and later > datetime.now(UTC)
    assert run_due(database, engine, now, few).runs == 0 and rows(database, query)[0][1] == 1
    with database.session() as session:
        session.execute(sa.update(Work).values(not_before=None))
    run_due(database, engine, now, few)
    assert rows(database, sa.select(Work.state)) == [("poisoned",)]
    [lost] = results(client, metric)
    assert (lost["status"], lost["error"]["code"]) == ("lost", "given-up")
    assert rows(database, sa.select(Metric.failures)) == [(1,)]


def test_a_model_that_is_deleted_takes_its_work_along(filled, database, engine, settings, now):
    client, model, _, (metric, _) = filled
    Planner(database).plan(now)
    client.ok("DELETE", f"/models/{model}")
    assert run_due(database, engine, now, settings).runs == 0
    for table in (Work, Metric, StoredResult):
        assert rows(database, sa.select(sa.func.count()).select_from(table)) == [(0,)]
    assert client("GET", f"/metrics/code-based-metrics/{metric}").status_code == 404


def test_pages_hold_everything_once_as_json_and_as_csv(filled, database, engine, settings, now):
    client, _, _, (metric, _) = filled
    run_due(database, engine, now, settings)
    path = f"/metrics/code-based-metrics/{metric}/results"
    whole, paged, after = results(client, metric), [], None
    while True:
        params = {"limit": 7, **({"after": after} if after else {})}
        page = client.ok("GET", path, params=params)
        paged += page["results"]
        if (after := page["next"]) is None:
            break
    assert paged == whole and len(whole) == 33
    text = client("GET", path, params={"format": "csv", "limit": 30})
    lines = text.text.splitlines()
    assert text.headers["content-type"].startswith("text/csv") and text.headers["x-next"]
    assert len(lines) == 31 and lines[0].startswith("window_start,window_end,window,segment,status,value")
    every = client("GET", path, params={"format": "csv"})
    assert every.text.splitlines()[:31] == lines and len(every.text.splitlines()) == 34
    france = results(client, metric, segment="country = FR")
    assert Counter(one["label"] for one in france) == {"country = FR": 11}
    edge = whole[15]["window"]["start"]
    assert all(one["window"]["start"] >= edge for one in results(client, metric, start=edge))
    assert results(client, metric, end=edge) and results(client, metric, segment="\0") == []


def test_a_csv_is_streamed_page_after_page(filled, database, engine, settings, monkeypatch, now):
    client, _, _, (metric, _) = filled
    run_due(database, engine, now, settings)
    path = f"/metrics/code-based-metrics/{metric}/results"
    whole = client("GET", path, params={"format": "csv"}).text
    monkeypatch.setattr("engine.service.routes.results._PAGE", 4)
    assert client("GET", path, params={"format": "csv"}).text == whole
    assert len(set(whole.splitlines())) == 34


def test_the_tables_are_what_the_migrations_make(database):
    with database.engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert found == []


def test_as_a_library_it_runs_what_is_due(filled, engine, settings, now):
    client, _, _, (metric, _) = filled
    tally = library.run_due(now, settings, engine=engine)
    assert (tally.planned, tally.runs, tally.results) == (4, 4, 2 * 11 * 3)
    assert library.run_due(now, settings, engine=engine) == library.Tally(0, 0, 0)
    assert len(results(client, metric)) == 33
    with pytest.raises(UsageError, match="time zone"):
        library.run_due(now.replace(tzinfo=None), settings, engine=engine)
