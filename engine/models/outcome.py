"""The row that tells of a result: one set of columns, whoever shows, keeps or appends it. Pure.

JSON has the columns of the segment, of the window and of the error as objects of their own. pandas, CSV and
Arrow have all of them side by side (`engine.results.tables`), the service's database and its answers as JSON
has them. What is missing, and the value where there is no number, is null in JSON, in Arrow and in the
database, and NaN, NaT or NA in pandas. In CSV what is missing is an empty cell; the value where there is no
number is `nan` in a run's CSV, and empty in the service's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal, Protocol

ColumnKind = Literal["text", "integer", "number", "instant"]

# What became of a frame.
OUTCOME_COLUMNS: Final[Mapping[str, ColumnKind]] = {
    "name": "text",
    "status": "text",
    "value": "number",
    "rows": "integer",
    "baseline_rows": "integer",
    "seconds": "number",
    "printed": "text",
}
# Why it has no number: the fields of `engine.models.result.FrameError`.
ERROR_COLUMNS: Final[Mapping[str, ColumnKind]] = {
    "code": "text",
    "message": "text",
    "line": "integer",
    "hint": "text",
}
# Of the segment: each column, with its field in JSON.
SEGMENT_FIELDS: Final[Mapping[str, str]] = {"group": "group", "segment": "value", "type": "type"}
# All of a result, in order. pandas has a segment's value as it is, of whatever type.
RESULT_COLUMNS: Final[Mapping[str, ColumnKind]] = {
    **dict.fromkeys(SEGMENT_FIELDS, "text"),
    "window_start": "instant",
    "window_end": "instant",
    **OUTCOME_COLUMNS,
    **ERROR_COLUMNS,
}


class ResultFields(Protocol):
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


def outcome_fields(result: ResultFields) -> dict[str, Any]:
    """What became of its frame; what is no number is None."""
    fields = {column: getattr(result, column) for column in OUTCOME_COLUMNS}
    return fields | {"name": result.name or None, "value": result.value if result.status == "ok" else None}


def outcome_row(
    result: ResultFields,
    segment: Mapping[str, Any] | None,
    window: tuple[datetime, datetime] | None,
    error: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """All of a result as a row with `RESULT_COLUMNS`.

    Args:
        result: what became of the frame.
        segment: the frame's, as its fields in JSON are called; None: all data.
        window: the frame's; None: it has none.
        error: of the result, in its JSON form, if it has one.
    """
    place, told, (start, end) = segment or {}, error or {}, window or (None, None)
    return {
        **{column: place.get(field) for column, field in SEGMENT_FIELDS.items()},
        "window_start": start,
        "window_end": end,
        **outcome_fields(result),
        **{column: told.get(column) for column in ERROR_COLUMNS},
    }


def shown_columns(columns: Iterable[str], *, named: bool, compared: bool) -> tuple[str, ...]:
    """The columns of pandas and of CSV, which have some only where there is something in them.

    Args:
        columns: all of them, in order.
        named: whether a result has a name.
        compared: whether a result has a baseline.
    """
    left_out = {"name": not named, "baseline_rows": not compared}
    return tuple(column for column in columns if not left_out.get(column))
