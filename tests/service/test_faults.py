"""What was promised holds when a database is restarted, a disk full, a clock wrong, a worker killed."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine.service.app import make_app
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.tables import Metric, RunEvent, StoredResult, Work
from engine.service.telemetry.observe import Telemetry
from engine.service.work import leases
from engine.service.work.calculate import Calculator, run_due
from engine.service.work.planning import Planner
from engine.service.work.prune import prune
from tests.disks import fill, small_disk
from tests.service.conftest import Client, connect, make_client, postgres_server, process, serving, wait_for
from tests.service.databases import BOTH

pytestmark = pytest.mark.spark

COUNT = "def calc_metric(df):\n    return float(df.count())\n"
HUNG = "def calc_metric(df):\n    while True:\n        pass\n"
METRICS = "/metrics/code-based-metrics"


def results(client: Client, metric: str, **params: Any) -> Any:
    return client.ok("GET", f"{METRICS}/{metric}/results", params=params)["results"]


def rows(database: Database, *columns: Any) -> list[tuple[Any, ...]]:
    with database.session() as session:
        return [tuple(row) for row in session.execute(sa.select(*columns))]


@BOTH
def test_poison_is_marked_tried_again_and_forgotten_once_it_works(
    client, payments, tmp_path, database, engine, settings, now
):
    late = payments.parent / f"{tmp_path.name}.parquet"
    model, _, _ = client.model(late, retention="1d")
    metric = client.metric(model, COUNT)
    run_due(database, engine, now, Settings(**{**fields(settings), "attempts": 1}))
    run_due(database, engine, now, Settings(**{**fields(settings), "attempts": 1}))
    [(state, tries, error, later)] = rows(database, Work.state, Work.attempts, Work.error, Work.not_before)
    assert (state, tries) == ("poisoned", 1) and "no file" in error and later > datetime.now(UTC)
    [lost] = results(client, metric)
    assert (lost["status"], lost["error"]["code"]) == ("lost", "given-up")
    health = client.ok("GET", f"{METRICS}/{metric}")["health"]
    assert health["status"] == "poisoned" and "no file" in health["error"] and health["next_try"]
    assert "given up" in client.ok("GET", f"/runs/{lost['run_id']}/log")[-1]["message"]

    # Tried again when it is time, and then with ever longer pauses.
    assert run_due(database, engine, now, settings).runs == 0
    for expected in (2, 3):
        release(database)
        assert run_due(database, engine, now, settings).runs == 0
        [(state, tries, pause)] = rows(database, Work.state, Work.attempts, Work.not_before)
        assert (state, tries) == ("poisoned", expected)
        assert pause > datetime.now(UTC) + leases.backoff(expected) - timedelta(seconds=5)
    late.write_bytes(payments.read_bytes())
    release(database)
    assert run_due(database, engine, now, settings).runs == 1
    [good] = results(client, metric)
    assert (good["status"], good["value"]) == ("ok", pytest.approx(20, abs=1)) and rows(
        database, Work.state
    ) == [("done",)]
    assert client.ok("GET", f"{METRICS}/{metric}")["health"]["status"] == "good"


def test_poison_of_older_code_is_left(client, payments, database, engine, settings, now):
    model, _, _ = client.model(payments.parent / "never.parquet", retention="1d")
    metric = client.metric(model, COUNT)
    few = Settings(**{**fields(settings), "attempts": 1})
    for _ in range(2):
        run_due(database, engine, now, few)
    client.ok("PUT", f"{METRICS}/{metric}", json={"code": COUNT + "# two"})
    release(database)
    with database.session() as session:
        assert leases.claim_work(session, settings) is None


def release(database: Database) -> None:
    with database.session() as session:
        session.execute(sa.update(Work).values(not_before=None))
        session.execute(sa.update(Metric).values(blocked_until=None))


def fields(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


@BOTH
def test_what_is_deleted_or_claimed_by_others_is_cancelled(client, payments, database, engine, settings, now):
    model, _, _ = client.model(payments, retention="1d")
    client.metric(model, HUNG)
    quick = Settings(**{**fields(settings), "lease_seconds": 0.4})
    thread = threading.Thread(target=run_due, args=(database, engine, now, quick))
    thread.start()
    wait_for(lambda: any(owner for (owner,) in rows(database, Work.owner)))
    client.ok("DELETE", f"/models/{model}")
    thread.join(20)
    assert not thread.is_alive() and rows(database, StoredResult.seq) == []


@pytest.mark.slow
@BOTH
def test_two_servers_that_validate_at_once_make_one_trial(client, payments, settings, engine):
    model, _, dataset = client.model(payments, segments=[{"by": "country"}])
    metric, answers = client.metric(model, COUNT), []
    seen: list[list[Any]] = [[] for _ in range(6)]
    with serving(make_app(settings, engine=engine)) as url, connect(url) as other:
        clients = [client, Client(other, client.account, client.workspace, client.key)] * 3
        threads = [
            threading.Thread(
                target=lambda i=i: answers.append(clients[i].validate(metric, dataset, seen=seen[i]))
            )
            for i in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == 6 and all(answer == answers[0] for answer in answers)
        assert all(one == sorted(one) for one in seen)
        log = client.ok("GET", f"/runs/{answers[0]['run_id']}/log")
        assert [line["message"] for line in log] == ["validation begins", "validation ended"]
        # What one server makes is cancelled through the other.
        hung = client.metric(model, HUNG)
        client("POST", f"{METRICS}/validate", json={"metric_id": hung, "dataset_id": dataset})
        place = {"metric_id": hung, "dataset_id": dataset}
        assert clients[1].ok("DELETE", f"{METRICS}/validate", params=place)["cancelled"]
        assert client.validate(hung, dataset)["error"]["code"] == "cancelled"


class Clock:
    """A clock that a test sets: it stands at noon of the day, or so far from it."""

    def __init__(self, now: datetime) -> None:
        self._noon = now.replace(hour=12)
        self.leap = timedelta()

    def __call__(self) -> datetime:
        return self._noon + self.leap


@pytest.fixture
def clock(now):
    return Clock(now)


@pytest.fixture
def clocked(settings, clock):
    made = Database(settings.database, now=clock)
    yield made
    made.close()


@pytest.mark.slow
@BOTH
def test_a_clock_that_leaps_loses_and_doubles_nothing(client, payments, settings, engine, clocked, clock):
    model, _, _ = client.model(payments)
    metric, database = client.metric(model, COUNT), clocked
    first = run_due(database, engine, database.now(), settings)
    assert (first.runs, first.results) == (2, 11)

    # A leap ahead that is believed: three more days, of which there is no data.
    clock.leap = timedelta(days=3)
    ahead = run_due(database, engine, database.now(), settings)
    assert (ahead.runs, ahead.results) == (2, 1 + 3)
    # When it is put right, what was calculated for later is not shown; and nothing was lost of before.
    clock.leap = timedelta()
    assert run_due(database, engine, database.now(), settings).runs == 0
    assert len(results(client, metric)) == 11
    tomorrow = run_due(database, engine, database.now() + timedelta(days=1), settings)
    assert (tomorrow.runs, tomorrow.results) == (2, 2)
    # A leap back: leases and pauses of later do not hold for ever.
    model, _, _ = client.model(payments, retention="1d")
    client.metric(model, COUNT + "# other")
    Planner(database).plan(database.now())
    with database.session() as session:
        assert leases.claim_work(session, settings) is not None
        assert leases.claim_work(session, settings) is None
    clock.leap = timedelta(hours=-1)
    assert run_due(database, engine, database.now(), settings).runs == 1
    assert_once(database)


def test_a_schedule_waits_while_the_clock_leaps(client, payments, settings, engine, clocked, clock):
    model, _, _ = client.model(payments)
    client.metric(model, COUNT)
    database, calculator = clocked, Calculator(clocked, engine, settings, Telemetry())
    assert calculator._tick() and calculator._believed.is_set()
    while calculator._run_one():
        pass
    assert len(rows(database, StoredResult.seq)) == 11
    for leap in (timedelta(days=400), timedelta(days=-400)):
        clock.leap = leap
        assert not calculator._tick() and not calculator._believed.is_set()
    clock.leap = timedelta()
    assert calculator._tick() and not calculator._run_one()
    assert len(rows(database, StoredResult.seq)) == 11


def assert_once(database: Database) -> None:
    """Each result is there once, of work that was done; the work has no owner any more."""
    place = [getattr(StoredResult, name) for name in (
        "metric_version_id", "dataset_id", "segment_key", "window_start", "window_end", "as_of")]  # fmt: skip
    found = rows(database, *place)
    assert len(found) == len(set(found)) > 0
    assert set(rows(database, Work.state, Work.owner)) == {("done", None)}


@pytest.mark.slow
def test_a_database_that_is_restarted_loses_and_doubles_nothing(payments, tmp_path, engine):
    with postgres_server() as server:
        settings = Settings(database=server.url, data_roots=(str(payments.parent),), tick_seconds=0.2)
        with (
            serving(make_app(settings, engine=engine)) as url,
            connect(url, timeout=60) as http,
        ):
            client = make_client(http, settings)
            database = Database(settings.database)
            made, refused = [], []

            def register():
                model, _, _ = client.model(payments, segments=[{"by": "country"}])
                made.append(client.metric(model, COUNT))

            register()
            for _ in range(3):
                wait_for(lambda: any(owner for (owner,) in rows(database, Work.owner)) or not due(database))
                server.stop()
                answer = client("GET", "/models")
                refused.append((answer.status_code, answer.json()["error"]["code"]))
                assert http.get("/readyz").status_code == 503 and http.get("/healthz").status_code == 200
                server.start()
                wait_for(lambda: client("GET", "/models").status_code == 200)
                register()
            wait_for(lambda: len(made) * 2 == len(rows(database, Work.seq)) and not due(database), 120)
            assert refused == [(503, "unavailable")] * 3
            assert all(len(results(client, metric)) == 33 for metric in made)
            assert_once(database)
            database.close()


def due(database: Database) -> list[str]:
    return [state for (state,) in rows(database, Work.state) if state == "due"]


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "small", megabytes=3) as folder:
        yield folder


@pytest.mark.slow
def test_a_full_disk_stops_writes_alone_and_only_while_it_is_full(disk, payments, engine):
    settings = Settings(
        database=f"sqlite:///{disk}/service.db", data_roots=(str(payments.parent),),
        tick_seconds=0.2, requests_per_minute=100_000,
    )  # fmt: skip
    with serving(make_app(settings, engine=engine)) as url, connect(url, timeout=60) as http:
        client = make_client(http, settings)
        model, _, _ = client.model(payments, segments=[{"by": "country"}])
        client.ok("GET", "/models")
        filler = fill(disk)
        body = {"name": "m", "aggregation_period": "daily", "retention": "30d"}
        statuses = [
            client("POST", "/models", json={**body, "name": "x" * 150}).status_code for _ in range(300)
        ]
        assert set(statuses) <= {200, 503} and statuses[-1] == 503
        answer = client("POST", "/models", json=body).json()
        assert answer["error"]["code"] == "unavailable"
        assert model in [one["id"] for one in client.ok("GET", "/models")]
        filler.unlink()
        metric = client.metric(model, COUNT)
        wait_for(lambda: len(results(client, metric)) == 33)
        database = Database(settings.database)
        assert_once(database)
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        database.close()


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_workers_that_are_killed_again_and_again_lose_and_double_nothing(
    client, payments, settings, database, tmp_path, now
):
    models = [client.model(payments, segments=[{"by": "country"}])[0] for _ in range(2)]
    metrics = [client.metric(model, COUNT) for model in models]
    Planner(database).plan(now)
    words = ["worker", "--database", settings.database, "--lease-seconds", 1, "--tick-seconds", 0.2]
    words += ["--attempts", 50]
    for moment in (0.0, 0.2):
        with process(tmp_path, payments, *words) as (one, _):
            wait_for(lambda: any(owner for (owner,) in rows(database, Work.owner)) or not due(database))
            time.sleep(moment)  # where in its work it dies
            one.kill()
            one.wait()
    with process(tmp_path, payments, *words):
        wait_for(lambda: not due(database), 120)
    assert_once(database)
    assert all(len(results(client, metric)) == 33 for metric in metrics)


def test_what_is_old_is_deleted_and_nothing_is_calculated_anew(
    client, payments, database, engine, settings, now
):
    model, _, _ = client.model(payments)
    metric = client.metric(model, COUNT)
    for days in (3, 0):
        run_due(database, engine, now - timedelta(days=days), settings)
    before = results(client, metric)
    kept = Settings(**{**fields(settings), "keep": "1d"})
    assert prune(database, now, Settings(**fields(settings))) == 0
    # The model's retention is longer than what is to be kept: only what lies before it goes.
    assert prune(database, now, kept) > 0
    after = results(client, metric)
    start = (now - timedelta(days=10)).isoformat()
    assert after == [one for one in before if one["window"]["end"] >= start] != before
    assert run_due(database, engine, now, settings).runs == 0
    assert prune(database, now + timedelta(days=30), kept) > 0
    assert rows(database, StoredResult.seq) == rows(database, RunEvent.seq) == []
