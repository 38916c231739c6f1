"""Servers and workers as processes: killed, replaced, started again; nothing is lost or doubled."""

import os
import signal
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from engine.service.store.database import Database
from engine.service.store.tables import StoredResult, Work
from engine.service.work.planning import Planner
from tests.service.conftest import SECRETS, Client, connect, process, running, wait_for

pytestmark = pytest.mark.slow

COUNT = "def calc_metric(df):\n    return float(df.count())\n"
# Takes a while in each frame, so that a worker can be killed in the middle.
SLOW = """
def calc_metric(df):
    n = 0
    for i in range(6000000):
        n = n + i % 7
    return float(df.count())
"""


def states(database: Database) -> list[tuple[Any, ...]]:
    with database.session() as session:
        return [tuple(row) for row in session.execute(sa.select(Work.state, Work.owner))]


def counts(database: Database) -> int | None:
    with database.session() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(StoredResult))


@pytest.mark.parametrize(
    "database_url", [pytest.param("sqlite", marks=pytest.mark.deep), "postgresql"], indirect=True
)
def test_a_killed_worker_is_replaced(client, payments, settings, tmp_path):
    model, _, _ = client.model(payments, retention="1d")
    client.metric(model, SLOW)
    database = Database(settings.database)
    Planner(database).plan(datetime.now(UTC))
    words = ("worker", "--database", settings.database)
    with process(tmp_path, payments, *words) as (first, log):
        wait_for(lambda: any(owner for _, owner in states(database)))
        assert counts(database) == 0
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    # What the dead one had is claimed by the next, once its lease is over.
    with database.session() as session:
        session.execute(sa.update(Work).values(lease_until=datetime.now(UTC)))
    with process(tmp_path, payments, *words) as (_, log):
        wait_for(lambda: states(database) == [("done", None)])
    assert counts(database) == 1
    with database.session() as session:
        assert session.scalars(sa.select(Work.attempts)).all() == [2]
    assert '"run_id"' in log.read_text() and "Traceback" not in log.read_text()
    database.close()


def test_a_server_calculates_by_itself_and_goes_on_after_a_kill(tmp_path, payments):
    url = f"sqlite:///{tmp_path}/calcmetric.db"
    with running(tmp_path, payments, database=url) as server, connect(server.url) as http:
        client = Client(http, "acme", "fraud", server.key)
        model, _, _ = client.model(payments, segments=[{"by": "country"}])
        metric = client.metric(model, COUNT)
        path = f"/metrics/code-based-metrics/{metric}/results"
        wait_for(lambda: len(client.ok("GET", path)["results"]) == 33)
        server.process.kill()
        server.process.wait()
    with running(tmp_path, payments, database=url) as server, connect(server.url) as http:
        again = Client(http, "acme", "fraud", client.key)
        assert len(again.ok("GET", path)["results"]) == 33
        new = again.metric(model, COUNT)
        wait_for(lambda: len(again.ok("GET", path.replace(metric, new))["results"]) == 33)
        assert "calcmetric_results_total" in http.get("/metrics").text
    assert not any(secret in server.log.read_text() for secret in SECRETS)
