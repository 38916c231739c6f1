"""First questions of runs, brought together, so that one pass over the data answers them all.

The thread that counts the rows of the cells waits, a moment only, for the first question of each run;
those that can be answered from cells join its query.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from engine.context import Deadline, QueryContext, RunId
from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.cells import CellsPlan

# Odd, so that no number is lost in the product; the numbers of several columns become one.
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class StateTable:
    """Merge states of cells.

    Attributes:
        keys: the columns that tell frames apart, in the order of `frame_keys`; one value for each cell.
        states: the columns of the states that a `CellsPlan` asked for; likewise.
        notes: by whom they were given; see `QueryContext.notes`.
    """

    keys: tuple[pa.Array, ...]
    states: tuple[pa.Array, ...]
    notes: tuple[str, ...] = ()

    def ordered(self) -> StateTable:
        """The same cells, in an order that depends on nothing but their states.

        A data engine gives them in another order each time, and sums of floating numbers depend on it. Cells
        whose numbers are the same may change places.
        """
        floating = [state for state in self.states if pa.types.is_floating(state.type)]
        if not floating:
            return self
        mixed = np.zeros(len(floating[0]), np.uint64)
        for state in floating:
            numbers = state.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False)
            mixed = mixed * _MIX + numbers.view(np.uint64)
        order = pa.array(np.argsort(mixed, kind="stable"))
        keys, states = ([one.take(order) for one in columns] for columns in (self.keys, self.states))
        return StateTable(tuple(keys), tuple(states), self.notes)


@dataclass(eq=False, slots=True)
class BatchedQuery:
    """A question that waits for the count.

    Attributes:
        plan: how cells answer it.
        run: whose question it is.
        states: what the cells say to it, once it is known.
    """

    plan: CellsPlan
    run: RunId
    states: StateTable | None = None
    settled: bool = False


class FirstQueryBatcher:
    """Who is expected, who came. Used once."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._expected: set[RunId] = set()
        self._offers: list[BatchedQuery] = []
        self._closed = False

    def expect(self, run: RunId) -> None:
        """A run is about to ask."""
        with self._condition:
            self._expected.add(run)

    def withdraw(self, run: RunId) -> None:
        """A run will offer nothing (more)."""
        with self._condition:
            self._expected.discard(run)
            self._condition.notify_all()

    def offer(self, run: RunId, plan: CellsPlan, context: QueryContext) -> StateTable:
        """Join the count, and wait for it.

        Raises:
            NotFusable: the count has begun already, or failed with this question in it.
            Interrupted: who asks waits no longer.
        """
        with self._condition:
            if self._closed:
                raise NotFusable("the count has begun")
            mine = BatchedQuery(plan, run)
            self._offers.append(mine)
            self._expected.discard(run)
            self._condition.notify_all()
            context.wait_until(self._condition, lambda: mine.settled)
        if mine.states is None:
            raise NotFusable("the common query failed")
        return mine.states

    def close(self, seconds: float) -> tuple[BatchedQuery, ...]:
        """Wait for everybody expected, `seconds` at most, and take no more offers."""
        until = Deadline.after(seconds)
        with self._condition:
            while self._expected and (left := until.remaining()) > 0:
                self._condition.wait(left)
            self._closed = True
            return tuple(self._offers)

    def settle(self, offer: BatchedQuery, states: StateTable | None) -> None:
        """Tell an offer its states; None: it has to ask for itself."""
        with self._condition:
            offer.states, offer.settled = states, True
            self._condition.notify_all()
