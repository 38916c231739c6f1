"""Whose query a local server answers now: everybody's, but after its death the suspects' one at a time.

When a server dies, nobody knows which of the queries that it was answering killed it. So each of them is
a suspect from then on. Suspects are asked again one at a time, while all other queries wait: first
those with the fewest crashes, and among these the ones whose session is blamed least. If the server dies
again while it answers one query alone, that query is to blame. Being alone lasts for a slice of time, which
doubles with every crash, so that a query which never ends does not keep the others waiting for long:
afterwards they are answered beside it. No second server is started to find out who it was, for it would
need as much memory again. Only a tenant that is known to have ended a server is given another one, and only
while others ask (`engine.backends.local.quarantine_policy`). Pure: times are handed in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

# How often a query may be hit, before it is given back to who asked; the last word is then the frame's.
MOST_CRASHES: Final = 3
# How long a suspect waits for what runs already, before it is asked beside that.
DRAIN_SECONDS: Final = 1.0
# How long the queue waits for those whose server died to come back, so that the right one goes first.
RETURN_SECONDS: Final = 0.5


@dataclass(slots=True)
class Record:
    """What is known of a session.

    Attributes:
        blame: how often a query of it ended the server.
        disturbed: how often a query of it lost time through others, or through the server's starting again.
    """

    blame: int = 0
    disturbed: int = 0


@dataclass(slots=True, eq=False)
class QueryTurn:
    """A query on its way: it waits, runs, or lost its server and is expected back.

    Attributes:
        record: of its session.
        crashes: how often the server died while answering it; more than none make it a suspect.
        server: stands for the server that answers it; None while it waits.
        server_died: whether that server died since.
        alone: whether nothing else was being answered then.
        stopping: whether somebody else sees to its end, and then removes it from the queue.
    """

    record: Record
    crashes: int = 0
    server: object = None
    server_died: bool = False
    alone: bool = False
    stopping: bool = False
    number: int = 0

    @property
    def is_culprit(self) -> bool:
        """Whether the server died of it: of it alone, and not for the first time."""
        return self.server_died and self.alone and self.crashes > 1


@dataclass(slots=True)
class SuspectQueue:
    """Who waits, and who is being answered. Not thread-safe; its user holds a lock.

    Attributes:
        slice_seconds: how long a suspect with one crash has the server for itself; each more doubles it.
        running: those being answered.
    """

    slice_seconds: float
    running: set[QueryTurn] = field(default_factory=set)
    _waiting: set[QueryTurn] = field(default_factory=set)
    _returning: set[QueryTurn] = field(default_factory=set)
    _return_until: float = -math.inf
    _holder: QueryTurn | None = None
    _held_until: float = -math.inf
    _front: QueryTurn | None = None
    _front_since: float = 0.0
    _arrivals: int = 0

    def join(self, turn: QueryTurn) -> None:
        """A query joins the queue, for the first time or again."""
        self._arrivals += 1
        turn.number, turn.server, turn.server_died, turn.alone = self._arrivals, None, False, False
        self.remove(turn)
        self._waiting.add(turn)

    def try_start(self, turn: QueryTurn, now: float) -> bool:
        """Whether a waiting query is asked now; it is running from then on."""
        if not self._may_start(turn, now):
            return False
        self._waiting.discard(turn)
        self.running.add(turn)
        if turn.crashes:
            self._holder, self._held_until, self._front = turn, math.inf, None
        return True

    def begin(self, turn: QueryTurn, server: object, now: float) -> None:
        """The server that answers a running query is there; a suspect's slice begins."""
        turn.server = server
        if turn is self._holder:
            self._held_until = now + self.slice_seconds * 2 ** (turn.crashes - 1)

    def record_crash(self, server: object, now: float, *, late: bool = False) -> None:
        """A server died, or was ended: record a crash for all that it was answering.

        Args:
            server: the server, as turns hold it.
            now: the present time, in seconds of `time.monotonic`.
            late: whether that is known already, and these came to it too late to have done it.
        """
        hit = [turn for turn in self.running if turn.server is server]
        for turn in hit:
            turn.crashes += 1
            turn.server_died, turn.alone = True, len(hit) == 1 and not late
            turn.record.disturbed += not turn.alone
            self.remove(turn)
        if hit:
            self._returning.update(hit)
            self._return_until = now + RETURN_SECONDS

    def remove(self, turn: QueryTurn) -> None:
        """A query is over, however it ended."""
        self._waiting.discard(turn)
        self.running.discard(turn)
        self._returning.discard(turn)
        if turn is self._holder:
            self._holder = None

    def _may_start(self, turn: QueryTurn, now: float) -> bool:
        if self._holder is not None and now < self._held_until:
            return False
        if self._returning - {turn} and now < self._return_until:
            return False
        suspects = [one for one in self._waiting if one.crashes]
        if not suspects:
            return True
        first = min(suspects, key=lambda one: (one.crashes, one.record.blame, one.number))
        if turn is not first:
            return False
        if self._front is not first:
            self._front, self._front_since = first, now
        return not self.running or now - self._front_since >= DRAIN_SECONDS
