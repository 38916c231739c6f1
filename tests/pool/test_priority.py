"""Who computes all the time gives way, for as long as it does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from engine.effort import LOW
from engine.pool.pool import WorkerPool
from engine.pool.priority import Demand, Priorities, PriorityState, ProcessTimes, _set_niceness
from sandbox.contract.limits import Limits
from tests.waiting import stays_so, wait_until

# Computes in several threads until it reads a line, then says that it waits for another.
SOURCE = """
import sys, threading
busy = True
def spin():
    while busy: pass
spinning = [threading.Thread(target=spin) for _ in range(3)]
for one in spinning: one.start()
sys.stdin.readline()
busy = False
for one in spinning: one.join()
print("waits", flush=True)
sys.stdin.readline()
"""


class Child:
    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SOURCE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process.poll() is None else None

    def write_line(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@pytest.fixture
def child() -> Iterator[Child]:
    child = Child()
    yield child
    child.process.kill()
    child.process.communicate()


def threads(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


# Of whoever runs the tests, and of the group that the kernel makes for a session.
USUAL = {os.getpriority(os.PRIO_PROCESS, 0), 0}


def niceness(pid: int) -> set[int]:
    """Of each thread, and of the group of the session where it has one.

    Linux makes one where a session begins; a process of one from before that reads nothing.
    """
    found = set()
    for thread in threads(pid):
        with suppress(ProcessLookupError):  # it ended after it was listed
            found.add(os.getpriority(os.PRIO_PROCESS, int(thread.name)))
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists() and (shown := group.read_text()):
        found.add(int(shown.rpartition(" ")[2]))
    return found


@pytest.mark.root  # only root may raise a thread's priority again
def test_it_gives_way_while_it_computes(child: Child) -> None:
    priorities = Priorities()
    priorities.watch(child)
    pid = child.process.pid
    assert wait_until(lambda: niceness(pid) == {LOW})
    child.write_line()
    assert wait_until(lambda: niceness(pid) <= USUAL)
    child.write_line()
    assert wait_until(lambda: not priorities._running)


def test_who_waits_does_not_give_way(child: Child) -> None:
    child.write_line()
    assert child.process.stdout is not None and child.process.stdout.readline() == "waits\n"
    assert wait_until(lambda: len(threads(child.process.pid)) == 1)
    Priorities().watch(child)
    assert stays_so(lambda: niceness(child.process.pid) <= USUAL, 1)


def test_one_that_has_no_group_of_its_own_yet_does_not_lower_the_one_that_it_was_forked_in() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as forked:
        assert not _set_niceness(forked.pid, low=True)
        assert niceness(os.getpid()) <= USUAL
        forked.communicate(b"\n")


def test_workers_are_looked_after() -> None:
    pool = WorkerPool("landlock")
    try:
        worker = pool.fork_worker(Limits())
        assert worker.pid is not None and niceness(worker.pid) <= USUAL
        assert worker in pool._priorities._watched
        worker.close()
        assert wait_until(lambda: worker.pid is None and not pool._priorities._watched)
    finally:
        pool.close()


def looks(*parts: tuple[float, float, int]) -> list[bool]:
    """What is judged, look by look, of one that uses, wants and stops so much between two looks of 0.1 s."""
    priority, at, used, wanted, stops = PriorityState(), 0.0, 0.0, 0.0, 0
    priority.update(ProcessTimes(at, used, {1: wanted}, stops))
    found = []
    for more_used, more_wanted, more_stops in parts:
        at, used, wanted, stops = at + 0.1, used + more_used, wanted + more_wanted, stops + more_stops
        found.append(priority.update(ProcessTimes(at, used, {1: wanted}, stops)))
    return found


def test_one_of_many_that_compute_gives_way_though_each_uses_little() -> None:
    found = looks(*[(0.02, 0.1, 0)] * 100)
    assert not found[0] and found[10] and all(found[10:])


def test_a_burst_does_not_give_way() -> None:
    assert not any(looks(*[(0.08, 0.09, 2), (0.0, 0.0, 1)] * 20))


def test_who_mostly_waits_beside_those_that_compute_gives_way_for_a_while_only() -> None:
    starved = (0.01, 0.1, 2)
    found = looks(*[(0.1, 0.1, 0)] * 3, *[starved] * 20)
    assert found[2] and not found[-8]


def test_threads_that_ended_and_came_between_two_looks_count_with_what_they_used() -> None:
    priority = PriorityState()
    for number in range(4):
        priority_now = priority.update(ProcessTimes(0.1 * number, 0.1 * number, {number: 0.01}, 0))
    assert priority_now


def test_a_further_worker_of_a_tenant_that_wants_much_gives_way_at_once_beside_others() -> None:
    demand = Demand()
    for number in range(20):
        demand.add("hostile", 0.4, 0.1 * number)
    assert not demand.is_heavy("hostile", 2.0), "it is alone"
    demand.add("honest", 0.2, 2.0)
    assert demand.is_heavy("hostile", 2.0) and not demand.is_heavy("honest", 2.0)
    assert not demand.is_heavy("hostile", 8.0), "that was a while ago"
    priority = PriorityState()
    priority.update(ProcessTimes(0.0, 0.0, {1: 0.0}, 0), heavy=True)
    assert priority.update(ProcessTimes(0.1, 0.02, {1: 0.09}, 0), heavy=True)
