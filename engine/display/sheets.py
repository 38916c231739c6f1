"""A run as people look at it: for each of its numbers, segments down and windows across. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final

from engine.models.durations import parse_zone
from engine.models.frame import Segment
from engine.models.result import Result, Status
from engine.models.run import Run
from engine.models.windows import Window
from engine.results.text import visible_text

ALL_DATA: Final = "all data"
WHOLE_RANGE: Final = "whole range"
# Statuses are told apart by a sign as well as by colour.
SIGNS: Final[Mapping[Status, str]] = {
    "ok": "",
    "nan": "NaN",
    "no_data": "\u2013",
    "missing": "∅",
    "invalid_output": "?",
    "raised": "!",
    "refused": "¬",
    "limit": "≥",
    "lost": "†",
    "backend_error": "‡",
    "cancelled": "\u00d7",
}
_LABEL_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One segment of a sheet, or all data.

    Attributes:
        segment: None for all data.
        whole: the result over the whole range; None if the run has none.
        windows: the results by window; windows without one are absent.
    """

    segment: Segment | None
    whole: Result | None
    windows: Mapping[Window, Result]

    @property
    def label(self) -> str:
        """What the segment is called, without hidden characters and on one line."""
        return one_line(str(self.segment)) if self.segment is not None else ALL_DATA

    @property
    def results(self) -> Iterator[Result]:
        """Every result of it."""
        if self.whole is not None:
            yield self.whole
        yield from self.windows.values()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One number of a run.

    Attributes:
        run: the run.
        name: which of its numbers; None if it gives one.
        rows: all data first, then segments in the order of the run.
        windows: every window, by its start.
        zone: in which moments are shown.
    """

    run: Run
    name: str | None
    rows: tuple[SheetRow, ...]
    windows: tuple[Window, ...]
    zone: tzinfo = field(repr=False)

    @property
    def title(self) -> str:
        """What it is called, without hidden characters and on one line."""
        return one_line(self.run.metric if self.name is None else f"{self.run.metric}: {self.name}")

    @property
    def statuses(self) -> dict[Status, int]:
        """How many results have each status, the most frequent first."""
        return dict(Counter(result.status for row in self.rows for result in row.results).most_common())

    @property
    def windowed(self) -> bool:
        """Whether there are windows to compare."""
        return len(self.windows) > 1

    def span(self, *, windowed: bool) -> tuple[float, float] | None:
        """The smallest and the largest number of the windows, or of the whole ranges; None: no number."""
        found = [
            result.value
            for row in self.rows
            for result in (row.windows.values() if windowed else (row.whole,))
            if result is not None and result.status == "ok"
        ]
        return (min(found), max(found)) if found else None

    def moment(self, instant: datetime) -> str:
        """An instant in the run's zone; without its hour at midnight."""
        return moment(instant.astimezone(self.zone))


def sheets_of(run: Run) -> tuple[Sheet, ...]:
    """A sheet for each number that a run gives."""
    zone = parse_zone(run.time.zone)
    return tuple(_sheet(run, name, zone) for name in run.names or (None,))


def _sheet(run: Run, name: str | None, zone: tzinfo) -> Sheet:
    found: dict[object, tuple[Segment | None, list[Result]]] = {}
    for result in run.results:
        if result.name == name:
            segment = result.frame.segment
            # By text, for NaN is not even equal to itself.
            key = segment and (segment.group, segment.type, repr(segment.value))
            found.setdefault(key, (segment, []))[1].append(result)
    rows = tuple(_row(segment, results) for segment, results in found.values())
    windows = {window for row in rows for window in row.windows}
    return Sheet(run, name, rows, tuple(sorted(windows, key=lambda one: (one.start, one.end))), zone)


def _row(segment: Segment | None, results: list[Result]) -> SheetRow:
    whole = next((one for one in results if one.frame.window is None), None)
    return SheetRow(
        segment, whole, {one.frame.window: one for one in results if one.frame.window is not None}
    )


def moment(local: datetime) -> str:
    """A moment of a wall clock, without its hour at midnight."""
    midnight = (local.hour, local.minute) == (0, 0)
    return f"{local:%Y-%m-%d}" if midnight else f"{local:%Y-%m-%d %H:%M}"


def number(value: float, digits: int = 6) -> str:
    """A number as it is shown."""
    return "NaN" if math.isnan(value) else f"{value:.{digits}g}"


def share(value: float, span: tuple[float, float]) -> float:
    """Where a number lies between the ends of a span, 0 to 1; in the middle if they are equal."""
    low, high = span
    if high == low:
        return 0.5
    # Halved first: the difference of the ends may be beyond any float.
    return min(1.0, max(0.0, (value / 2 - low / 2) / (high / 2 - low / 2)))


def one_line(text: str) -> str:
    """A text without hidden characters and line ends, cut where it is very long."""
    shown = " ".join(visible_text(text[: _LABEL_CHARS * 4]).split())
    return shown if len(shown) <= _LABEL_CHARS else f"{shown[: _LABEL_CHARS - 1]}…"
