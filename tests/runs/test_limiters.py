"""Waiting for slots: threads, giving up, and that nothing is left held."""

import threading
from typing import NoReturn

import pytest

from engine.errors import EngineBusy
from engine.runs import limiters, services
from engine.runs.admission import SlotPolicy
from engine.runs.limiters import FairLimiter, Limiters
from engine.runs.services import RunRegistry
from tests.run_ids import run_id
from tests.waiting import wait_until


class GivenUp(Exception):
    pass


def never() -> NoReturn:
    raise AssertionError("there was a slot at once")


def test_whoever_waits_goes_on_once_a_slot_is_left():
    limiter = FairLimiter(SlotPolicy(1, per_run=1))
    held = limiter.acquire("t", run_id("a"), never)
    told, came = [], threading.Event()

    def wait():
        limiter.release(limiter.acquire("t", run_id("b"), lambda: None, lambda: told.append("waits")))
        came.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert wait_until(lambda: told == ["waits"])
    assert not came.is_set()
    limiter.release(held)
    thread.join(60)
    assert came.is_set() and limiter.held == 0


def test_giving_up_takes_no_slot_along():
    limiter = FairLimiter(SlotPolicy(1, per_run=1))
    held = limiter.acquire("t", run_id("a"), never)

    def give_up():
        raise GivenUp

    with pytest.raises(GivenUp):
        limiter.acquire("t", run_id("b"), give_up)
    limiter.release(held)
    limiter.release(held)
    assert limiter.held == 0
    with limiter.slot("t", run_id("c"), never):
        assert limiter.held == 1
    assert limiter.held == 0


def test_a_slot_that_comes_while_its_waiter_gives_up_is_not_lost():
    limiter = FairLimiter(SlotPolicy(1, per_run=1))
    held = limiter.acquire("t", run_id("a"), never)

    def give_up():
        limiter.release(held)
        raise GivenUp

    with pytest.raises(GivenUp):
        limiter.acquire("t", run_id("b"), give_up)
    limiter.release(limiter.acquire("t", run_id("c"), never))
    assert limiter.held == 0


def test_many_threads_never_hold_more_than_there_are():
    limiter = FairLimiter(SlotPolicy(3, per_run=2))
    most, lock = [0], threading.Lock()

    def work(number):
        for _ in range(50):
            with limiter.slot(f"t{number % 3}", run_id(str(number)), lambda: None), lock:
                most[0] = max(most[0], limiter.held)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert 1 <= most[0] <= 3 and limiter.held == 0


def test_a_tenant_between_two_slots_is_at_work_for_a_while(monkeypatch):
    monkeypatch.setattr(limiters, "_AT_WORK_SECONDS", 0.5)
    limiter = FairLimiter(SlotPolicy(9, per_run=9, crowded=2))
    limiter.release(limiter.acquire("other", run_id("run"), never))
    mine = limiter.acquire("greedy", run_id("run"), never)
    told: list[str] = []
    second = limiter.acquire("greedy", run_id("run"), lambda: None, lambda: told.append("waits"))
    assert told  # for the other one, though it holds nothing, until it is forgotten
    limiter.release(mine)
    limiter.release(second)
    assert limiter.held == 0


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_a_run_alone_has_a_call_for_each_worker_and_two_queries_for_each_call(workers):
    slots_of = Limiters(workers)
    for limiter, slots in ((slots_of.calls, workers), (slots_of.queries, 2 * workers)):
        for _ in range(slots):
            limiter.acquire("t", run_id("run"), never)
        assert limiter.held == slots


class Run:
    def cancel(self) -> None:
        pass

    def wait(self, timeout: float) -> None:
        pass


def test_a_tenant_has_so_many_runs_and_others_are_not_concerned(monkeypatch):
    monkeypatch.setattr(services, "MOST_RUNS", 2)
    registry = RunRegistry()
    mine = [Run() for _ in range(3)]
    registry.add(mine[0], "t")
    registry.add(mine[1], "t")
    with pytest.raises(EngineBusy, match="2 runs of the tenant 't'"):
        registry.add(mine[2], "t")
    registry.add(Run(), "other")
    registry.remove(mine[0])
    registry.add(mine[2], "t")
