"""What a result says, under the same names wherever it is told, kept or appended. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol


class Outcome(Protocol):
    """A result of a run, or one that was kept; see `engine.models.result.Result`."""

    @property
    def name(self) -> str | None:
        """Which of several numbers."""

    @property
    def status(self) -> str:
        """What became of it."""

    @property
    def value(self) -> float | None:
        """The number; else NaN or None."""

    @property
    def rows(self) -> int | None:
        """Of the frame."""

    @property
    def baseline_rows(self) -> int | None:
        """Of the frame's baseline."""

    @property
    def seconds(self) -> float:
        """How long it took."""

    @property
    def printed(self) -> str:
        """What calc_metric printed."""


def outcome_fields(result: Outcome) -> dict[str, Any]:
    """What became of its frame; what is no number is None."""
    return {
        "name": result.name or None,
        "status": result.status,
        "value": result.value if result.status == "ok" else None,
        "rows": result.rows,
        "baseline_rows": result.baseline_rows,
        "seconds": result.seconds,
        "printed": result.printed,
    }


def outcome_row(
    result: Outcome,
    segment: Mapping[str, Any] | None,
    window: tuple[datetime, datetime] | None,
    error: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """All of a result as columns of a table, each of one type whatever the result is of.

    Args:
        result: what became of the frame.
        segment: the frame's, in its JSON form; None: all data.
        window: the frame's; None: it has none.
        error: of the result, in its JSON form, if it has one.
    """
    place, told, (start, end) = segment or {}, error or {}, window or (None, None)
    return {
        **{column: _text(place.get(key)) for column, key in _SEGMENT.items()},
        "window_start": start,
        "window_end": end,
        **outcome_fields(result),
        **{key: told.get(key) for key in ("code", "message", "line", "hint")},
    }


_SEGMENT: Final = {"group": "group", "segment": "value", "type": "type"}


def _text(value: object) -> str | None:
    """Texts as they are, others as JSON, for values of several types share a column."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
