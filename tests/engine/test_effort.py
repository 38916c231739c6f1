"""What a process is given, and how long it is waited for: judged from numbers, by a clock of the test's."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.effort import Effort, Grace, Spent, given_seconds, look_at, spent, stands_still, tree
from engine.endings import tell_ending
from tests.waiting import wait_until

SECONDS = st.floats(0, 1e6)


class Process:
    """A process with one thread, and a clock: both go on as the test says."""

    def __init__(self) -> None:
        self.now = 100.0
        self.ran = 0.0
        self.waited = 0.0
        self.looks = 0

    def clock(self) -> float:
        return self.now

    def look(self) -> Effort:
        self.looks += 1
        return Effort(self.now, self.ran, {7: self.waited})

    def go_on(self, seconds: float, *, ran: float = 0.0, waited: float = 0.0) -> None:
        self.now += seconds
        self.ran += ran
        self.waited += waited


@pytest.fixture
def process() -> Process:
    return Process()


def grace_of(process: Process, seconds: float, times: float = 10.0) -> Grace:
    return Grace(seconds, process.look, times=times, clock=process.clock)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (Spent(10, 0, 0), 10),  # it wanted nothing: all of it was its own
        (Spent(10, 10, 0), 10),  # it had a processor for itself
        (Spent(10, 1, 9), 1),  # its thread ran a tenth of the time
        (Spent(10, 1, 1), 9),  # its thread slept for eight seconds
        (Spent(10, 0, 10), 0),  # it did not run at all
        (Spent(10, 20, 60), 10),  # eight threads had both processors, and waited for one another only
        (Spent(10, 2, 78), 1),  # eight threads had a tenth of the processors
        (Spent(0, 0, 0), 0),
    ],
)
def test_what_others_took_is_not_given(what: Spent, expected: float) -> None:
    assert given_seconds(what, 2) == pytest.approx(expected)


@given(wall=SECONDS, ran=SECONDS, waited=SECONDS, processors=st.integers(1, 64))
def test_what_is_given_is_never_more_than_what_passed(
    wall: float, ran: float, waited: float, processors: int
) -> None:
    assert 0 <= given_seconds(Spent(wall, ran, waited), processors) <= wall


@pytest.mark.parametrize(
    ("what", "still"),
    [
        (Spent(10, 0, 0), True),  # stopped, or every thread waits for another
        (Spent(10, 0.5, 0.1), True),  # timers
        (Spent(10, 5, 0), False),  # it computes
        (Spent(10, 0.2, 9), False),  # it would, but gets no processor
        (Spent(10, 0.2, 0.1, pages=3), False),  # it would, but its memory is on the disk
    ],
)
def test_only_who_does_nothing_and_could_stands_still(what: Spent, still: bool) -> None:
    assert stands_still(what) is still


def test_threads_that_come_and_go_do_not_count_backwards() -> None:
    before = Effort(10, 5, {1: 4.0, 2: 1.0}, 3)
    now = Effort(12, 4, {1: 4.5, 3: 0.25}, 1)  # thread 2 and a child of the process have ended
    assert spent(before, now) == Spent(2, 0, 0.75, 0)


def test_on_a_quiet_machine_grace_is_over_in_time(process: Process) -> None:
    grace = grace_of(process, 2)
    process.go_on(1.5)
    assert grace.left() == pytest.approx(0.5)
    assert process.looks == 1  # nothing has to be looked at as long as it cannot be over
    process.go_on(0.6)
    assert grace.left() == 0
    assert not grace.starved


def test_grace_lasts_as_long_as_others_have_the_processors(process: Process) -> None:
    grace = grace_of(process, 2)
    process.go_on(2, ran=0.2, waited=1.8)
    assert grace.left() == pytest.approx(1.8)
    process.go_on(1.8, ran=0.9, waited=0.9)
    assert grace.left() == pytest.approx(0.9)
    process.go_on(0.95)
    assert grace.left() == 0
    assert not grace.starved


def test_grace_ends_at_its_bound_whatever_the_machine_does(process: Process) -> None:
    grace = grace_of(process, 2, times=3)
    for _ in range(5):
        process.go_on(1, waited=1)
        assert grace.left() > 0
    process.go_on(1.1, waited=1.1)
    assert grace.left() == 0
    assert grace.starved


def test_grace_once_over_stays_over(process: Process) -> None:
    grace = grace_of(process, 2)
    process.go_on(3)
    assert grace.left() == 0
    process.waited += 100
    assert grace.left() == 0


def test_of_whom_nothing_is_known_is_given_the_seconds_of_the_clock(process: Process) -> None:
    grace = Grace(2, clock=process.clock)
    process.go_on(1.9)
    assert grace.left() == pytest.approx(0.1)
    process.go_on(0.2)
    assert grace.left() == 0
    assert not grace.starved


def test_this_process_is_seen_at_work() -> None:
    before = look_at((os.getpid(),))
    assert wait_until(lambda: look_at((os.getpid(),)).ran > before.ran or not sum(range(100_000)))
    now = look_at((os.getpid(),))
    assert now.at > before.at
    assert set(now.waits) >= {os.getpid()}


def test_a_process_that_has_ended_has_done_nothing() -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as child:
        pass
    assert (look_at((child.pid,)).ran, look_at((child.pid,)).waits) == (0.0, {})


def test_a_tree_has_its_root_and_all_below() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-S", "-c", code], stdin=subprocess.PIPE) as child:
        assert wait_until(lambda: len(tree(child.pid)) == 2)
        assert tree(child.pid)[0] == child.pid
        assert child.pid in tree(os.getpid())


def test_a_process_that_gets_no_processor_is_known_for_it() -> None:
    """Beside others that want the same one, at a priority at which it hardly runs."""
    processor = min(os.sched_getaffinity(0))
    spin = "while True: pass"
    pin = f"import os; os.sched_setaffinity(0, {{{processor}}})"
    low = "os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))"
    command = [sys.executable, "-S", "-c"]
    with (
        subprocess.Popen([*command, f"{pin}\n{spin}"]) as busy,
        subprocess.Popen([*command, f"{pin}; {low}\n{spin}"]) as starved,
    ):
        try:
            before = look_at((starved.pid,))
            assert wait_until(lambda: spent(before, look_at((starved.pid,))).waited > 0.5)
            what = spent(before, look_at((starved.pid,)))
            assert not stands_still(what)
            assert given_seconds(what, len(os.sched_getaffinity(0))) < what.wall
        finally:
            busy.kill()
            starved.kill()


def test_every_ending_has_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        tell_ending("the local spark server", "a query went on after it was told to stop")
        tell_ending("worker 7", "its work is done", level=logging.DEBUG)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "the local spark server is ended: a query went on after it was told to stop"),
        ("DEBUG", "worker 7 is ended: its work is done"),
    ]
