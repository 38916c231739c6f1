"""Taking the times of several ways to the same end, by turns, so that a slow minute slows all of them."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console

from benchmarks import machine

_RESAMPLED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Way:
    """One way to do it.

    Attributes:
        name: what tables call it.
        step: does it once; what it returns is kept.
        times: how often its time is taken.
        warm: how often it is done before, for nothing.
    """

    name: str
    step: Callable[[], Any]
    times: int = 5
    warm: int = 1


@dataclass(frozen=True, slots=True)
class Timed:
    """What a way took.

    Attributes:
        seconds: the median.
        answer: what the last step returned.
        times: each, in the order of the turns.
    """

    seconds: float
    answer: Any
    times: tuple[float, ...] = ()


def by_turns(ways: Sequence[Way]) -> dict[str, Timed]:
    """Take the times of all ways, each once in a turn for as many turns as it wants; by name."""
    answers: dict[str, Any] = {}
    taken: dict[str, list[float]] = {way.name: [] for way in ways}
    with Console(stderr=True).status("") as status:

        def once(way: Way) -> float:
            status.update(way.name)
            return machine.seconds(lambda: answers.update({way.name: way.step()}))

        for way in ways:
            for _ in range(way.warm):
                once(way)
        for turn in range(max(way.times for way in ways)):
            for way in ways:
                if turn < way.times:
                    taken[way.name].append(once(way))
    return {
        name: Timed(statistics.median(times), answers[name], tuple(times)) for name, times in taken.items()
    }


def interval(ratios: Sequence[float]) -> tuple[float, float]:
    """Within which the median lies at 95 %, by resampling."""
    chance = random.Random(0)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(_RESAMPLED))
    return medians[_RESAMPLED // 40], medians[-_RESAMPLED // 40]
