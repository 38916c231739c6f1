"""Requests are counted by all servers of a database together."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.service.admission.rate import RateLimit
from engine.service.problems import ApiProblem
from engine.service.store.database import Database

pytestmark = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)


@pytest.fixture
def time():
    """Seconds, on the clock and elapsed; a test moves them."""
    return [0.0]


@pytest.fixture
def database(database_url, time):
    start = datetime(2026, 5, 1, tzinfo=UTC)
    made = Database(database_url, now=lambda: start + timedelta(seconds=time[0]))
    made.migrate()
    yield made
    made.close()


def count(rate: Any, client: str = "a", most: int = 10_000) -> int:
    """How many requests are allowed at once."""
    for number in range(most):
        try:
            rate.take(client)
        except ApiProblem as problem:
            assert problem.status == 429 and int(problem.headers["Retry-After"]) > 0
            return number
    return most


def test_a_bucket_fills_evenly_and_clients_have_one_each(database, time):
    rate = RateLimit(database, 60, lambda: time[0])
    assert (count(rate), count(rate), count(rate, "b")) == (60, 0, 60)
    time[0] = 10.0
    assert count(rate) == 10
    time[0] = 1_000.0
    assert count(rate) == 60


def test_whoever_was_refused_is_refused_from_memory_until_the_time_that_was_told(database, time, monkeypatch):
    rate = RateLimit(database, 6, lambda: time[0])
    assert count(rate) == 6 and rate.refusal("b") is None
    monkeypatch.setattr(rate, "_draw", lambda *_: pytest.fail("the database is asked"))
    time[0] = 9.9
    with pytest.raises(ApiProblem) as refused:
        rate.take("a")
    assert refused.value.headers["Retry-After"] == "1"
    monkeypatch.undo()
    time[0] = 10.0
    assert rate.refusal("a") is None and count(rate) == 1


def test_who_has_requests_left_is_not_told_to_wait_for_a_thread_that_found_none(database, time, monkeypatch):
    rate = RateLimit(database, 60, lambda: time[0])
    draw = rate._draw

    def late(name: str, unused: int) -> tuple[int, float]:
        monkeypatch.setattr(rate, "_draw", draw)
        rate.take("a")  # another thread comes first, and takes the last ones
        return 0, 0.0

    monkeypatch.setattr(rate, "_draw", late)
    with pytest.raises(ApiProblem):
        rate.take("a")
    assert rate.refusal("a") is None and rate.has("a")


def test_servers_share_it(database, time):
    servers = [RateLimit(database, 200, lambda: time[0]) for _ in range(3)]
    assert sum(count(server, most=25) for server in servers) + count(servers[0]) == 200 - 2 * 5
    # What two of them took and did not use comes back.
    time[0] = 6.0
    assert sum(count(server) for server in servers) == 20 + 2 * 5


def test_a_client_that_asks_seldom_is_never_refused(database, time):
    servers = [RateLimit(database, 60, lambda: time[0]) for _ in range(4)]
    for _ in range(200):
        time[0] += 1.0
        servers[int(time[0]) % 4].take("a")


def test_a_clock_that_goes_back_fills_nothing_and_stops_nothing(database, time):
    rate = RateLimit(database, 60, lambda: time[0])
    time[0] = 5_000.0
    assert count(rate) == 60
    time[0] = 10.0
    assert count(rate) == 0
    time[0] = 20.0
    assert count(rate) == 10
