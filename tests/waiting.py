"""Time in tests: waiting for other threads and processes, and how much work something may take.

How long a test takes is up to the machine and to what else runs on it, so that no test asserts it. What must
end by itself is waited for with patience; what would take minutes if it did not do what the test is about is
measured in the processor time of this thread.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from engine.context import Deadline, QueryContext

# After how long a test gives up on what comes at once on a quiet machine. It costs only a test that fails.
PATIENCE: Final = 120.0
_POLL_SECONDS: Final = 0.02
# What `_work` takes where the seconds that tests name were chosen: an idle core of an EPYC of 2021.
_REFERENCE_SECONDS: Final = 0.05
# How many times as long something takes where coverage or a debugger looks at each of its lines.
_TRACED_TIMES: Final = 10.0


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether a condition comes to hold; it is given `PATIENCE` at least."""
    until = time.monotonic() + max(seconds, PATIENCE)
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def stays_so(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition holds all the time for so long: a busy machine can only hide that it does not."""
    until = time.monotonic() + seconds
    while condition():
        if time.monotonic() > until:
            return True
        time.sleep(_POLL_SECONDS)
    return False


def waiting(seconds: float = 5.0) -> QueryContext:
    """How somebody asks who has so much time."""
    return QueryContext(Deadline.after(seconds), threading.Event())


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Assert that a block takes no more processor time of this thread; a slow machine is given more.

    Choose seconds several times from both what the block takes, and what it would take if it did not do
    what the test is about. The collector of garbage rests meanwhile: it would walk, on this thread's account,
    all that other tests left behind.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        began = time.thread_time()
        yield
        took = time.thread_time() - began
    finally:
        if collects:
            gc.enable()
    allowed = seconds if took < seconds else seconds * max(1.0, _slowness())
    assert took < allowed, f"took {took:.2f} s, and {allowed:.2f} are allowed on this machine at the moment"


def _slowness() -> float:
    """How many times as long as where the seconds were chosen something takes here and now."""
    began = time.thread_time()
    _work()
    traced = _TRACED_TIMES if sys.gettrace() is not None else 1.0
    return traced * (time.thread_time() - began) / _REFERENCE_SECONDS


def _work() -> None:
    counts: dict[int, int] = {}
    for number in range(200_000):
        counts[number % 1_000] = counts.get(number % 1_000, 0) + 1
