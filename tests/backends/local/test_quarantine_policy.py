"""Who ends the server that all share is asked elsewhere for a while, and nobody else is."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyspark.sql.connect.proto as pb
import pytest

from engine.backends.connect.rpc import Connection
from engine.backends.connect.session import ConnectSession
from engine.backends.connect.suspect_queue import QueryTurn, Record
from engine.backends.local.process import ServerProcess
from engine.backends.local.quarantine_policy import MOST_SECONDS, QUARANTINE_SECONDS, QuarantinePolicy
from engine.backends.local.server import LocalServer
from engine.context import UNBOUNDED
from engine.errors import Interrupted
from tests.backends.little import LittleServer
from tests.waiting import wait_until


def test_a_tenant_that_ended_a_server_is_sent_away_from_others_for_a_while() -> None:
    policy = QuarantinePolicy()
    assert not policy.note("evil", 0.0) and not policy.note("good", 0.0)
    assert policy.add("evil", 1.0) == QUARANTINE_SECONDS
    assert policy.note("evil", 2.0) and not policy.note("good", 2.0)
    assert not policy.note("evil", 1.0 + QUARANTINE_SECONDS), "its time is over"


def test_a_tenant_that_is_alone_is_sent_nowhere() -> None:
    policy = QuarantinePolicy()
    policy.add("evil", 0.0)
    assert not policy.note("evil", 1.0)
    policy.note("good", 2.0)
    assert policy.note("evil", 3.0)
    assert not policy.note("evil", 250.0) or not policy.note("evil", 10_000.0), "the other is long gone"


def test_who_may_not_be_at_fault_is_sent_away_the_second_time() -> None:
    policy = QuarantinePolicy()
    policy.note("good", 0.0)
    assert policy.add("slow", 1.0, sure=False) == 0.0 and not policy.note("slow", 2.0)
    assert policy.add("slow", 3.0, sure=False) == QUARANTINE_SECONDS and policy.note("slow", 4.0)
    assert policy.add("late", 5.0, sure=False) == 0.0
    assert policy.add("late", 5.0 + MOST_SECONDS, sure=False) == 0.0, "that was long ago"


def test_two_that_were_sent_away_need_no_protection_from_each_other() -> None:
    policy = QuarantinePolicy()
    for tenant in ("evil", "bad"):
        policy.note(tenant, 0.0)
        policy.add(tenant, 0.0)
    assert not policy.note("evil", 1.0) and not policy.note("bad", 1.0)


def test_each_further_end_costs_more_up_to_a_point() -> None:
    policy = QuarantinePolicy()
    seconds = [policy.add("evil", float(number)) for number in range(40)]
    assert seconds == sorted(seconds) and seconds[1] == 2 * seconds[0]
    assert seconds[-1] == MOST_SECONDS
    assert policy.add("evil", 3 * MOST_SECONDS) == QUARANTINE_SECONDS, "what is long ago is forgotten"
    pauses = [policy.pause() for _ in range(40)]
    assert pauses == sorted(pauses) and pauses[-1] == 60.0
    policy.rest()
    assert policy.pause() == pauses[0]


def test_no_number_of_tenants_makes_it_grow() -> None:
    policy = QuarantinePolicy()
    for number in range(3_000):
        policy.note(f"t{number}", float(number))
    assert len(policy._tenants) == 1_000


class Unstarted(LocalServer):
    """A server that nobody starts."""

    name = "none"
    interrupts = False

    def twin(self) -> LocalServer:
        return Unstarted()

    def launch(self) -> tuple[ServerProcess, Connection]:
        raise AssertionError("nobody asks it anything")


def test_whoever_ends_its_own_server_waits_for_the_next_and_no_longer_than_its_deadline() -> None:
    main = Unstarted()
    try:
        main.place_of("good")
        main.quarantine("evil")
        apart = main.place_of("evil")
        assert apart is not main and main.place_of("good") is main
        assert apart.place_of("evil") is apart, "a session there stays there"
        apart.quarantine("evil")
        with pytest.raises(Interrupted):
            apart.connection(UNBOUNDED.within(0.01))
        with pytest.raises(AssertionError, match="nobody asks"):  # others do not wait
            main.connection(UNBOUNDED.within(60))
    finally:
        main.close()
    assert apart.is_closed


def test_who_is_answered_without_this_server_is_protected_as_well() -> None:
    main = Unstarted()
    try:
        main.quarantine("evil")
        assert main.place_of("evil") is main, "it is alone"
        main.heard("good")
        assert main.place_of("evil") is not main
    finally:
        main.close()


def test_a_closed_session_is_open_while_something_of_it_is_stopped_elsewhere() -> None:
    main = Unstarted()
    try:
        main.place_of("good")
        session = ConnectSession(main, tenant="evil")
        main.quarantine("evil")
        apart = main.place_of("evil")
        assert apart is not main
        elsewhere, stopped = session._session(()), threading.Event()
        elsewhere._stopper._go_on(QueryTurn(Record()), stopped.wait)
        session.close()
        assert session.is_open
        stopped.set()
        assert wait_until(lambda: not session.is_open)
    finally:
        main.close()


@pytest.fixture
def little(data_dir: Path, spool_dir: Path) -> Iterator[LittleServer]:
    """A server of the test's own, which may be ended."""
    with contextlib.closing(LittleServer((data_dir,), spool_dir)) as backend:
        yield backend


def _count(session: Any) -> int:
    plan = pb.Plan()
    plan.root.range.end = 7
    plan.root.range.step = 1
    return sum(one.arrow_batch.row_count for one in session.execute(plan, UNBOUNDED.within(60)))


@pytest.mark.slow
def test_others_go_on_while_one_ends_its_own_server_again_and_again(
    little: LittleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, evil = little.open_session("good"), little.open_session("evil")
    assert _count(good) == _count(evil) == 7
    shared = little.generation
    little.quarantine("evil")
    assert _count(evil) == 7, "an open session moves, too"
    apart = little._other
    assert apart is not None and apart.generation is not None and little.generation is shared
    first = apart.generation
    first.process.end()
    assert wait_until(lambda: not first.process.is_alive())
    assert _count(good) == 7 and little.generation is shared
    assert _count(evil) == _count(little.open_session("evil")) == 7
    assert apart.generation is not first
    settings = (("spark.sql.session.timeZone", "Asia/Tokyo"),)
    monkeypatch.setattr(LittleServer, "own_settings", True)
    under = evil._session(settings)._handle
    assert under._endpoint is apart and under._settings == settings, "what a query means stays as it is"
    good.close()
    evil.close()
    little.close()
    assert apart.generation is None


def test_a_query_that_stands_in_the_line_when_its_tenant_is_sent_away_goes_along(
    little: LittleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, evil = little.open_session("good"), little.open_session("evil")
    assert _count(good) == 7
    enter, asked = little._turns.enter, list[Any]()

    def quarantined_meanwhile(turn: Any, *more: Any) -> None:
        enter(turn, *more)
        little.quarantine("evil")
        asked.append(turn)

    monkeypatch.setattr(little._turns, "enter", quarantined_meanwhile)
    assert _count(evil) == 7
    apart = little._other
    assert apart is not None and apart.generation is not None, "it was asked there"
    assert len(asked) == 1 and not little._turns.is_busy(), "and holds up nobody in the line that it left"
