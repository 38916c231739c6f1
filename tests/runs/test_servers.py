"""A server for each tenant: when one is made, which one is ended, and when."""

import threading
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Dataset, Engine, UsageError
from engine.backends.base import Backend
from engine.models.backends import DUCKDB
from engine.runs import servers
from engine.runs.prestart import PrestartedDuckDb
from engine.runs.servers import IDLE_SECONDS, MOST_KEPT, OneServer, Server, ServerPerTenant, surplus
from engine.sources.spool import Spool
from tests.servers import SharedPool
from tests.waiting import wait_until


class Part:
    """Stands for a backend and for a spool."""

    capabilities = DUCKDB

    def __init__(self, *, trains: bool = False) -> None:
        self.closed = threading.Event()
        self.trains = trains

    def train(self) -> bool:
        return self.trains

    def close(self) -> None:
        self.closed.set()


def make() -> Server:
    return Server(cast(Backend, Part()), cast(Spool, Part()))


def is_closed(part: object) -> bool:
    """Whether a stand-in was closed."""
    return cast(Part, part).closed.is_set()


@given(st.dictionaries(st.text(max_size=2), st.floats(0, 900), max_size=9), st.integers(0, 6))
def test_the_longest_idle_are_ended_first_and_no_more_than_need_be(idle, busy):
    ended = surplus(idle, busy, 1000.0)
    kept = [since for tenant, since in idle.items() if tenant not in ended]
    assert all(since > 1000.0 - IDLE_SECONDS for since in kept)
    assert busy + len(kept) <= max(busy, MOST_KEPT)
    times = [idle[tenant] for tenant in ended]
    assert times == sorted(times)
    if ended and idle[ended[-1]] > 1000.0 - IDLE_SECONDS:
        assert busy + len(kept) == max(busy, MOST_KEPT)
    assert all(max(times, default=0.0) <= since for since in kept)


def test_a_tenant_keeps_its_server_and_shares_it_with_nobody():
    each = ServerPerTenant(make)
    mine = each.take("a")
    assert each.take("a") is mine and each.take("b") is not mine
    each.give_back("a")
    each.give_back("a")
    assert each.take("a") is mine
    each.end()
    assert is_closed(mine.backend) and not is_closed(mine.spool)
    each.close()
    assert is_closed(mine.spool)


def test_servers_beyond_what_is_kept_are_ended_but_none_in_use():
    each = ServerPerTenant(make)
    taken = {name: each.take(name) for name in "abcdefg"}
    assert not any(is_closed(server.backend) for server in taken.values())
    for name in "cab":
        each.give_back(name)
    assert wait_until(lambda: is_closed(taken["b"].backend) and is_closed(taken["b"].spool))
    assert each.tenants == set("defg")
    assert each.take("b") is not taken["b"]
    each.close()


def test_an_idle_server_is_ended_after_its_time(monkeypatch):
    monkeypatch.setattr(servers, "IDLE_SECONDS", 0.2)
    each = ServerPerTenant(make)
    server = each.take("a")
    each.take("b")
    each.give_back("a")
    assert not is_closed(server.backend)
    assert wait_until(lambda: is_closed(server.backend))
    assert each.tenants == {"b"}
    each.close()


def test_what_is_taken_from_an_ended_engine_is_ended():
    each = ServerPerTenant(make)
    each.end()
    assert is_closed(each.take("a").backend)
    each.close()


def test_one_server_is_for_all():
    server = make()
    one = OneServer(server)
    assert one.take("a") is one.take("b") is server
    one.give_back("a")
    assert not is_closed(server.backend)
    one.end()
    assert is_closed(server.backend) and not is_closed(server.spool)
    one.close()
    assert is_closed(server.spool)


@pytest.mark.parametrize("ended", [False, True])
def test_servers_of_tenants_train_once_one_of_them_has_started_without(ended):
    made = iter([Part(), Part(trains=True)])
    each = ServerPerTenant(lambda: Server(cast(Backend, next(made)), cast(Spool, Part())))
    assert not each.train()
    each.take("a")
    assert not each.train()
    each.take("b")
    if ended:
        each.close()
    assert each.train()
    each.close()


def test_an_engine_with_servers_of_tenants_makes_none_that_nobody_uses(
    monkeypatch: pytest.MonkeyPatch, worker_pool: SharedPool, tmp_path: Path
) -> None:
    made: list[Part] = []

    def make_backend(*_: Any, **__: Any) -> Part:
        made.append(Part(trains=True))
        return made[-1]

    monkeypatch.setattr(servers, "make_backend", make_backend)
    with Engine("duckdb", roots=(tmp_path,), server_per_tenant=True, pool=worker_pool) as engine:
        assert engine.check("def calc_metric(df):\n    return 0\n") == ()
        assert engine.state_of(Dataset(tmp_path / "a.csv")) == ""
        assert not engine.train_caches() and not made
        with pytest.raises(UsageError, match="no backend that all runs share"):
            _ = engine.backend
        engine._services.servers.take("a")
        assert len(made) == 1
    assert engine.train_caches()


@pytest.mark.parametrize(
    ("backend", "ahead", "told"),
    [
        ("sc://localhost:1", None, "server_per_tenant is for local servers"),
        ("duckdb", cast(PrestartedDuckDb, Part()), "none ahead of its first run"),
    ],
)
def test_an_engine_refuses_servers_of_tenants_that_it_cannot_start(
    backend: str, ahead: PrestartedDuckDb | None, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        Engine(backend, server_per_tenant=True, ahead=ahead)
