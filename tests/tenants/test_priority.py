"""Who computes all the time gives way, for as long as it does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.pool.pool import WorkerPool
from engine.pool.priority import LOW, Priorities
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
    """Of each thread, and of the group of the session where the kernel makes some."""
    found = {os.getpriority(os.PRIO_PROCESS, int(thread.name)) for thread in threads(pid)}
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists():
        found.add(int(group.read_text().rpartition(" ")[2]))
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
