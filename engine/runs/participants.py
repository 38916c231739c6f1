"""The runs that have a dataset together, and what each of them needs of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from engine.context import RunId
from engine.models.parameters import Bound
from engine.sources.stores.fetched import Tell
from sandbox.contract.signature import TakesBaseline


class Participants:
    """The runs of a dataset. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: set[RunId] = set()
        self._told: dict[RunId, Tell] = {}
        self._required: dict[str, Bound] = {}
        self._takers: dict[str, TakesBaseline] = {}

    @property
    def runs(self) -> frozenset[RunId]:
        """Those that use it."""
        with self._lock:
            return frozenset(self._runs)

    @property
    def required(self) -> Mapping[str, Bound]:
        """Parameters that name columns, by metric."""
        with self._lock:
            return dict(self._required)

    @property
    def takers(self) -> Mapping[str, TakesBaseline]:
        """The metrics that take a baseline."""
        with self._lock:
            return dict(self._takers)

    def enter(self, run: RunId) -> None:
        """A run will use it."""
        with self._lock:
            self._runs.add(run)

    def leave(self, run: RunId) -> bool:
        """A run uses it no more; whether it was the last one that did. May be called twice."""
        with self._lock:
            if run not in self._runs:
                return False
            self._runs.discard(run)
            self._told.pop(run, None)
            return not self._runs

    def require(self, metric: str, bound: Bound) -> None:
        """A metric has parameters that name columns, which have to be there when it is opened."""
        if bound.columns:
            with self._lock:
                self._required[metric] = bound

    def compare(self, metric: str, taker: TakesBaseline) -> None:
        """A metric takes the baseline, which is opened only if one does."""
        with self._lock:
            self._takers[metric] = taker

    def on_fetched(self, run: RunId, tell: Tell) -> None:
        """Tell a run how many objects were fetched, of how many, while the dataset is opened."""
        with self._lock:
            self._told[run] = tell

    def tell_fetched(self, done: int, total: int) -> None:
        """Tell every run that wants to know."""
        with self._lock:
            told = list(self._told.values())
        for tell in told:  # not under the lock, for whoever is told may not return
            tell(done, total)
