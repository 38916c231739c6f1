"""Waiting for slots: the effects around `Admission`, and which slots an engine has.

There are four kinds. A run holds one of `runs` from its turn to its end. In it, a call of calc_metric holds
one of `calls`, and in that, a query one of `queries`. Compiling holds one of `compiling`, and nothing else.
Nobody waits for an earlier kind while holding a later one, or for a second slot of the same kind while
holding one on which others depend: so waiting always ends.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from engine.context import RunId
from engine.runs.admission import Admission, SlotPolicy, Ticket

_POLL_SECONDS: Final = 0.1
_AT_WORK_SECONDS: Final = 1.0  # so long after its last slot a tenant still counts: it may only compute


class FairLimiter:
    """Slots of one kind. Thread-safe."""

    def __init__(self, policy: SlotPolicy) -> None:
        self._admission = Admission(policy)
        self._crowds = policy.crowded is not None  # else it does not matter who is at work
        self._lock = threading.Lock()
        self._waiters: dict[Ticket, threading.Event] = {}
        self._seen: dict[str, float] = {}  # when a tenant last had to do with these slots

    @property
    def held(self) -> int:
        """Slots that are taken."""
        return self._admission.held

    def acquire(
        self,
        tenant: str,
        run: RunId,
        check: Callable[[], None],
        on_wait: Callable[[], None] | None = None,
    ) -> Ticket:
        """Wait for a slot; whoever gets one gives it back with `release`.

        Args:
            tenant: the tenant that the slot is for.
            run: of which run.
            check: called ten times a second; what it raises ends the waiting.
            on_wait: called once if there is none at once.
        """
        with self._lock:
            ticket = self._admission.ask(tenant, run)
            if ticket in self._admit():
                return ticket
            admitted = self._waiters[ticket] = threading.Event()
        try:
            if on_wait is not None:
                on_wait()
            while not admitted.wait(_POLL_SECONDS):
                check()
                if self._crowds:
                    with self._lock:
                        self._admit()  # others may be at work no longer
        except BaseException:
            self.release(ticket)
            raise
        return ticket

    def take(self, tenant: str, run: RunId) -> Ticket:
        """Take a slot without waiting, though there may be none."""
        with self._lock:
            return self._admission.take(tenant, run)

    def release(self, ticket: Ticket) -> None:
        """Give a slot back. May be called twice."""
        with self._lock:
            self._waiters.pop(ticket, None)
            if self._crowds:
                self._seen[ticket.tenant] = time.monotonic()
            self._admission.release(ticket)
            self._admit()

    def release_all(self, run: RunId) -> None:
        """Give back every slot that a run holds, whose threads may hang; they can do so again later."""
        with self._lock:
            self._admission.release_all(run)
            self._admit()

    @contextlib.contextmanager
    def slot(self, tenant: str, run: RunId, check: Callable[[], None]) -> Iterator[None]:
        """Hold a slot for a while; arguments as for `acquire`."""
        ticket = self.acquire(tenant, run, check)
        try:
            yield
        finally:
            self.release(ticket)

    def _at_work(self) -> int:
        """How many tenants use these slots; one where that does not matter."""
        if not self._crowds:
            return 1
        now = time.monotonic()
        self._seen = {tenant: seen for tenant, seen in self._seen.items() if now - seen < _AT_WORK_SECONDS}
        self._seen.update(dict.fromkeys(self._admission.tenants, now))
        return len(self._seen)

    def _admit(self) -> tuple[Ticket, ...]:
        admitted = self._admission.admit(self._at_work())
        for ticket in admitted:
            if (waiter := self._waiters.pop(ticket, None)) is not None:
                waiter.set()
        return admitted


class Limiters:
    """The slots of one engine, by their kinds.

    Attributes:
        runs: runs that have their turn.
        compiling: workers that compile a source.
        calls: calls of calc_metric.
        queries: queries and analyses on the backend.
    """

    def __init__(self, workers: int) -> None:
        """Derive all numbers from one.

        Args:
            workers: calls that one run makes at a time.
        """
        # A tenant that is alone has half: enough runs to use all processors while some wait for the backend.
        self.runs = FairLimiter(SlotPolicy(4 * workers, per_run=1))
        self.compiling = FairLimiter(SlotPolicy(4 * workers, per_run=4 * workers, assured=1))
        self.calls = FairLimiter(SlotPolicy(4 * workers, per_run=workers, assured=1))
        # The query of each call, and the analysis that may go beside it. Where several tenants ask, each has
        # its part of the processors: one that fetches all the time would have most of them.
        self.queries = FairLimiter(SlotPolicy(8 * workers, per_run=2 * workers, assured=1, crowded=workers))
