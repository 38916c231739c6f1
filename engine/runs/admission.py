"""Who goes next, where tenants and their runs wait for one kind of slot. Pure: no threads, no clock.

A tenant gets a further slot only while it holds fewer than are free. So a tenant that is alone gets half of
all slots, k busy ones get one part in k + 1 each, and a newcomer almost always finds a slot free at once,
whatever the others wait for. Where slots are a server's processors, and not only room, tenants that work at
the same time have equal parts of them, each for itself also while another does not use its own. Slots that
come free go round the tenants, and within a tenant round its runs. Nobody who holds a slot is ever made to
give it back early.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TypeVar

from engine.context import RunId

_K = TypeVar("_K", str, RunId)


@dataclass(frozen=True, slots=True)
class SlotPolicy:
    """How many slots of one kind there are; every number is positive, but for `assured`.

    Attributes:
        total: slots of the engine.
        per_run: the most that one run holds.
        assured: slots that each tenant may hold even if none is free. The engine then has up to as many
            more as there are tenants for each.
        crowded: slots of which each of several tenants that are at work holds an equal part at most, but one
            in any case; None for no such bound.
    """

    total: int
    per_run: int
    assured: int = 0
    crowded: int | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """One wish for one slot.

    Attributes:
        number: tells it from all others.
        tenant: the tenant whose wish it is.
        run: of which run.
    """

    number: int
    tenant: str
    run: RunId


class Admission:
    """Slots of one kind: who holds them and who waits. Not thread-safe; its user holds a lock."""

    def __init__(self, policy: SlotPolicy) -> None:
        self._policy = policy
        self._numbers = 0
        self._holding: set[Ticket] = set()
        self._of_tenant: Counter[str] = Counter()
        self._of_run: Counter[RunId] = Counter()
        # Both in the order of turns: whoever got a slot goes to the end.
        self._waiting: dict[str, dict[RunId, deque[Ticket]]] = {}

    @property
    def held(self) -> int:
        """Slots that are taken."""
        return len(self._holding)

    @property
    def tenants(self) -> frozenset[str]:
        """Who holds a slot or waits for one."""
        return frozenset(self._of_tenant) | frozenset(self._waiting)

    def ask(self, tenant: str, run: RunId) -> Ticket:
        """Begin to wait for a slot; `admit` says who got one."""
        ticket = self._ticket(tenant, run)
        self._waiting.setdefault(tenant, {}).setdefault(run, deque()).append(ticket)
        return ticket

    def take(self, tenant: str, run: RunId) -> Ticket:
        """Take a slot without waiting, though there may be none: what a run has by being admitted."""
        ticket = self._ticket(tenant, run)
        self._hold(ticket)
        return ticket

    def release(self, ticket: Ticket) -> None:
        """Give a slot back, or wait for it no longer. May be called twice."""
        if ticket in self._holding:
            self._holding.remove(ticket)
            _decrease(self._of_tenant, ticket.tenant)
            _decrease(self._of_run, ticket.run)
            return
        waiting = self._waiting.get(ticket.tenant, {}).get(ticket.run)
        if waiting is not None and ticket in waiting:
            waiting.remove(ticket)
            self._forget_idle(ticket)

    def release_all(self, run: RunId) -> None:
        """Give back every slot that a run holds."""
        for ticket in [one for one in self._holding if one.run == run]:
            self.release(ticket)

    def admit(self, at_work: int = 1) -> tuple[Ticket, ...]:
        """Give out what is free.

        Args:
            at_work: how many tenants use slots of this kind in these moments, whether or not they hold one.

        Returns:
            Who got a slot, in the order of their turns.
        """
        admitted: list[Ticket] = []
        while (ticket := self._next(at_work)) is not None:
            self._pass_turn(ticket)
            self._hold(ticket)
            admitted.append(ticket)
        return tuple(admitted)

    def _ticket(self, tenant: str, run: RunId) -> Ticket:
        self._numbers += 1
        return Ticket(self._numbers, tenant, run)

    def _hold(self, ticket: Ticket) -> None:
        self._holding.add(ticket)
        self._of_tenant[ticket.tenant] += 1
        self._of_run[ticket.run] += 1

    def _next(self, at_work: int) -> Ticket | None:
        share = max(self._policy.assured, self._policy.total - len(self._holding))
        if at_work > 1 and self._policy.crowded is not None:
            share = min(share, max(1, self._policy.crowded // at_work))
        for tenant, runs in self._waiting.items():
            if self._of_tenant[tenant] < share:
                for run, tickets in runs.items():
                    if self._of_run[run] < self._policy.per_run:
                        return tickets[0]
        return None

    def _pass_turn(self, ticket: Ticket) -> None:
        """Take a ticket out of the queue, and put its tenant and run at the end of their rounds."""
        runs = self._waiting.pop(ticket.tenant)
        tickets = runs.pop(ticket.run)
        tickets.popleft()
        runs[ticket.run] = tickets
        self._waiting[ticket.tenant] = runs
        self._forget_idle(ticket)

    def _forget_idle(self, ticket: Ticket) -> None:
        runs = self._waiting[ticket.tenant]
        if not runs[ticket.run]:
            del runs[ticket.run]
        if not runs:
            del self._waiting[ticket.tenant]


def _decrease(counts: Counter[_K], key: _K) -> None:
    """Count down, and forget what is at nought: names come and go for as long as an engine lives."""
    counts[key] -= 1
    if not counts[key]:
        del counts[key]
