"""Waiting for slots: threads, giving up, and that nothing is left held."""

import threading
from typing import NoReturn

import pytest

from engine.errors import EngineBusy
from engine.runs import gates, services
from engine.runs.admission import Shares
from engine.runs.gates import Gate, Gates
from engine.runs.services import Register
from tests.waiting import wait_until


class GivenUp(Exception):
    pass


def never() -> NoReturn:
    raise AssertionError("there was a slot at once")


def test_whoever_waits_goes_on_once_a_slot_is_left():
    gate = Gate(Shares(1, per_run=1))
    held = gate.enter("t", "a", never)
    told, came = [], threading.Event()

    def wait():
        gate.leave(gate.enter("t", "b", lambda: None, lambda: told.append("waits")))
        came.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert wait_until(lambda: told == ["waits"])
    assert not came.is_set()
    gate.leave(held)
    thread.join(60)
    assert came.is_set() and gate.held == 0


def test_giving_up_takes_no_slot_along():
    gate = Gate(Shares(1, per_run=1))
    held = gate.enter("t", "a", never)

    def give_up():
        raise GivenUp

    with pytest.raises(GivenUp):
        gate.enter("t", "b", give_up)
    gate.leave(held)
    gate.leave(held)
    assert gate.held == 0
    with gate.slot("t", "c", never):
        assert gate.held == 1
    assert gate.held == 0


def test_a_slot_that_comes_while_its_waiter_gives_up_is_not_lost():
    gate = Gate(Shares(1, per_run=1))
    held = gate.enter("t", "a", never)

    def give_up():
        gate.leave(held)
        raise GivenUp

    with pytest.raises(GivenUp):
        gate.enter("t", "b", give_up)
    gate.leave(gate.enter("t", "c", never))
    assert gate.held == 0


def test_many_threads_never_hold_more_than_there_are():
    gate = Gate(Shares(3, per_run=2))
    most, lock = [0], threading.Lock()

    def work(number):
        for _ in range(50):
            with gate.slot(f"t{number % 3}", number, lambda: None), lock:
                most[0] = max(most[0], gate.held)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert 1 <= most[0] <= 3 and gate.held == 0


def test_a_tenant_between_two_slots_is_at_work_for_a_while(monkeypatch):
    monkeypatch.setattr(gates, "_AT_WORK_SECONDS", 0.5)
    gate = Gate(Shares(9, per_run=9, crowded=2))
    gate.leave(gate.enter("other", "run", never))
    mine = gate.enter("greedy", "run", never)
    told: list[str] = []
    second = gate.enter("greedy", "run", lambda: None, lambda: told.append("waits"))
    assert told  # for the other one, though it holds nothing, until it is forgotten
    gate.leave(mine)
    gate.leave(second)
    assert gate.held == 0


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_a_run_alone_has_a_call_for_each_worker_and_two_queries_for_each_call(workers):
    slots_of = Gates(workers)
    for gate, slots in ((slots_of.calls, workers), (slots_of.queries, 2 * workers)):
        for _ in range(slots):
            gate.enter("t", "run", never)
        assert gate.held == slots


class Run:
    def cancel(self) -> None:
        pass

    def wait(self, timeout: float) -> None:
        pass


def test_a_tenant_has_so_many_runs_and_others_are_not_concerned(monkeypatch):
    monkeypatch.setattr(services, "MOST_RUNS", 2)
    register = Register()
    mine = [Run() for _ in range(3)]
    register.enter(mine[0], "t")
    register.enter(mine[1], "t")
    with pytest.raises(EngineBusy, match="2 runs of the tenant 't'"):
        register.enter(mine[2], "t")
    register.enter(Run(), "other")
    register.leave(mine[0])
    register.enter(mine[2], "t")
