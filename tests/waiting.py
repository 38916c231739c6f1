"""Time in tests: waiting for other threads and processes, and how long something may take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

# What `_work` takes where the seconds that tests name were chosen: an idle core of an EPYC of 2021.
_REFERENCE_SECONDS: Final = 0.05


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition comes to hold within so many seconds; a slow or busy machine is given more."""
    until = time.monotonic() + seconds
    patient = False
    while not condition():
        if time.monotonic() > until:
            if patient:
                return False
            until += seconds * (max(1.0, _slowness(time.monotonic)) - 1)
            patient = True
        time.sleep(0.02)
    return True


@contextmanager
def within(seconds: float, clock: Callable[[], float] = time.thread_time) -> Iterator[None]:
    """Assert that a block ends in time; a slow or busy machine is given more, as much as other work takes it.

    Choose seconds several times from both what the block takes, and what it would take if it did not do
    what the test is about.

    Args:
        clock: of this thread's work by default; `time.monotonic` if the block waits for others.
    """
    before = _slowness(clock)
    began = clock()
    yield
    took = clock() - began
    allowed = seconds * max(1.0, before, _slowness(clock))
    assert took < allowed, f"took {took:.2f} s, and {allowed:.2f} are allowed on this machine at the moment"


def _slowness(clock: Callable[[], float]) -> float:
    began = clock()
    _work()
    return (clock() - began) / _REFERENCE_SECONDS


def _work() -> None:
    counts: dict[int, int] = {}
    for number in range(200_000):
        counts[number % 1_000] = counts.get(number % 1_000, 0) + 1
