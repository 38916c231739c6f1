"""What is drawn on pages, as numbers and classes for their templates: bars, lines, cells. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.display.sheets import SIGNS, number, share
from engine.models.result import GOOD, Status

SPARK_WIDTH: Final = 120.0
SPARK_HEIGHT: Final = 24.0
_BAR_WIDTH: Final = 140.0
_STEPS: Final = 8
# Sizes of a chart, for wide screens and for narrow ones: texts are not to shrink with it.
CHARTS: Final = ((960.0, 280.0), (380.0, 230.0))
_LEFT, _RIGHT, _TOP, _BOTTOM, _SIGNS = 62.0, 14.0, 12.0, 44.0, 20.0
_CHARACTER: Final = 7.0
_SIGN: Final = 8.5
_DOTS: Final = 130
# Narrower than this nobody points at a window.
_POINTED: Final = 1.0


@dataclass(frozen=True, slots=True)
class Spot:
    """What a window has.

    Attributes:
        when: the window's beginning, as it is shown.
        status: of its result; None: it has none.
        value: its number if the status is `ok`.
        told: what is said on pointing at it.
    """

    when: str
    status: Status | None
    value: float | None
    told: str = ""


def tone(status: Status) -> str:
    """The class of a status: whether it is good, quiet, or bad."""
    return "" if status == "ok" else "quiet" if status in GOOD else "bad"


def span_of(values: Sequence[float | None]) -> tuple[float, float] | None:
    """The smallest and the largest number; None: there is none."""
    numbers = [value for value in values if value is not None]
    return (min(numbers), max(numbers)) if numbers else None


def bar(value: float, span: tuple[float, float]) -> dict[str, str]:
    """A bar from zero, within the span widened to zero."""
    reach = (min(span[0], 0.0), max(span[1], 0.0))
    zero, end = share(0.0, reach) * _BAR_WIDTH, share(value, reach) * _BAR_WIDTH
    if reach[0] == reach[1]:
        zero = end = 0.0
    return {"x": f"{min(zero, end):.1f}", "width": f"{abs(end - zero):.1f}", "zero": f"{zero:.1f}"}


def spark(values: Sequence[float | None]) -> dict[str, object] | None:
    """Numbers over time, in strokes between the gaps, on a scale of their own; None: there is no number."""
    span = span_of(values)
    if span is None:
        return None
    step = SPARK_WIDTH / max(1, len(values) - 1)
    points = [
        None
        if value is None
        else (f"{place * step:.1f}", f"{2 + (1 - share(value, span)) * (SPARK_HEIGHT - 4):.1f}")
        for place, value in enumerate(values)
    ]
    return {"label": f"from {number(span[0])} to {number(span[1])}", **_strokes(points)}


def heat_cell(
    status: Status | None, value: float | None, span: tuple[float, float] | None
) -> tuple[str, str, str]:
    """The class of a cell (one of ours, which needs no quotes), its text, and what is said on pointing."""
    if status is None:
        return "n", "", ""
    if status != "ok" or value is None or span is None:
        return "q" if status in GOOD else "b", SIGNS[status], status
    step = min(_STEPS - 1, int(share(value, span) * _STEPS))
    return f"h{step}", number(value, 4), ""


def line_chart(
    spots: Sequence[Spot],
    marks: Mapping[str, float],
    size: tuple[float, float],
    reach: tuple[float, float] | None = None,
) -> dict[str, object]:
    """Numbers over time with axes: gaps where there is no number, and each other status by its sign.

    Args:
        spots: in the order of their windows.
        marks: levels that lines are drawn at, by what they are called.
        size: width and height.
        reach: the span of its axis; by default that of its numbers.
    """
    width, height = size
    reach = reach or reach_of([*(spot.value for spot in spots), *marks.values()])
    floor = height - _BOTTOM
    step = (width - _LEFT - _RIGHT) / max(1, len(spots))

    def x(place: int) -> float:
        return _LEFT + (place + 0.5) * step

    def y(value: float) -> float:
        return _TOP + (1 - share(value, reach)) * (floor - _TOP)

    points = [
        None if spot.value is None else (f"{x(place):.1f}", f"{y(spot.value):.1f}")
        for place, spot in enumerate(spots)
    ]
    drawn = _strokes(points)
    if len(spots) <= _DOTS:
        drawn["dots"] = [point for point in points if point is not None]
    label = _CHARACTER * (2 + max((len(spot.when) for spot in spots), default=0))
    every = max(1, math.ceil(label / step))
    return {
        "width": f"{width:.0f}",
        "height": f"{height:.0f}",
        "left": f"{_LEFT:.0f}",
        "right": f"{width - _RIGHT:.0f}",
        "top": f"{_TOP:.0f}",
        "floor": f"{floor:.1f}",
        "bars_y": f"{floor + 3:.1f}",
        "signs_y": f"{floor + _SIGNS - 2:.1f}",
        "labels_y": f"{height - 8:.1f}",
        **drawn,
        "levels": [(f"{y(level):.1f}", number(level, 4)) for level in _levels(reach)],
        "marks": [(f"{y(level):.1f}", name) for name, level in marks.items()],
        "moments": [(f"{x(place):.1f}", spots[place].when) for place in range(0, len(spots), every)],
        **_without(spots, x, step),
        "areas": [
            (f"{x(place) - step / 2:.1f}", f"{step:.2f}", spot.told)
            for place, spot in enumerate(spots)
            if spot.status is not None and step >= _POINTED
        ],
    }


def _without(spots: Sequence[Spot], x: Callable[[int], float], step: float) -> dict[str, object]:
    """Where there is no number: a bar for each row of windows of one status, and its sign where it fits."""
    bars: list[tuple[str, str, str]] = []
    signs: list[tuple[str, str, str]] = []
    free = -math.inf
    for status, places in itertools.groupby(range(len(spots)), lambda place: spots[place].status):
        run = list(places)
        if status is None or status == "ok":
            continue
        low, high = x(run[0]) - step / 2, x(run[-1]) + step / 2
        bars.append((f"{low:.1f}", f"{high - low:.1f}", tone(status)))
        half = _SIGN * len(SIGNS[status]) / 2
        if low / 2 + high / 2 - half >= free:
            signs.append((f"{low / 2 + high / 2:.1f}", SIGNS[status], tone(status)))
            free = low / 2 + high / 2 + half + 2
    return {"bars": bars, "signs": signs}


def _strokes(points: Sequence[tuple[str, str] | None]) -> dict[str, object]:
    """Points joined where they follow each other; those that stand between gaps are dots."""
    strokes: list[list[tuple[str, str]]] = [[]]
    for point in points:
        if point is None:
            strokes.append([])
        else:
            strokes[-1].append(point)
    return {
        "strokes": [" ".join(",".join(point) for point in one) for one in strokes if len(one) > 1],
        "dots": [one[0] for one in strokes if len(one) == 1],
    }


def reach_of(values: Sequence[float | None]) -> tuple[float, float]:
    """The span of an axis: that of the numbers, with some room, and never empty."""
    low, high = span_of(values) or (0.0, 1.0)
    if low == high:
        room = abs(low) / 2 or 0.5
        return low - room, high + room
    room = (high / 2 - low / 2) / 10
    return max(low - room, -1.7e308), min(high + room, 1.7e308)


def _levels(reach: tuple[float, float]) -> Iterator[float]:
    """Some round numbers within a span."""
    low, high = reach
    rough = (high / 2 - low / 2) / 2.5
    if rough < 1e-300:  # below any step that floats can count in
        yield low
        return
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    first = math.ceil(low / step)
    for count in range(6):
        level = (first + count) * step
        if level > high or not math.isfinite(level):
            return
        yield level
