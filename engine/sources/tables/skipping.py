"""Which files of a table cannot hold a row of a run's range of time. Pure.

Only what a table tells of its timestamp column is looked at, and only ranges that every row of the run lies
in: what is left out would have been filtered away. A file that tells nothing, or something odd, is read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pyarrow as pa
from pyarrow import types

from engine.sources.tables.state import TableField, TableFile, TableState

# Statistics are cut to milliseconds.
_CUT: Final = timedelta(milliseconds=1)
# Days and wall clocks are read in the zone of the run.
_ANY_ZONE: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A range of time that all rows of a run lie in.

    Attributes:
        column: the name of the timestamp column.
        start: no row is before it; None: any may be.
        end: each row is before it; None: none need be.
    """

    column: str
    start: datetime | None
    end: datetime | None


def in_span(state: TableState, span: TimeSpan | None) -> tuple[TableFile, ...]:
    """The files of a table that may hold rows of a range.

    Args:
        state: the table.
        span: None: any rows are wanted.
    """
    field = None if span is None else _find(state.fields, span.column)
    if span is None or field is None or not (types.is_timestamp(field.type) or types.is_date(field.type)):
        return state.files
    return tuple(file for file in state.files if _may_hold(file, field, span))


def _find(fields: Sequence[TableField], name: str) -> TableField | None:
    """The column of a name, if that is sure."""
    found = [field for field in fields if field.name.lower() == name.lower()]
    return found[0] if len(found) == 1 else None


def _may_hold(file: TableFile, field: TableField, span: TimeSpan) -> bool:
    try:
        least, most = _range_of(file, field)
        slack = _CUT if field.type == pa.timestamp("us", "UTC") else _ANY_ZONE
        early = span.start is not None and most is not None and most + slack < span.start
        late = span.end is not None and least is not None and least - slack >= span.end
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return True
    return not early and not late


def _range_of(file: TableFile, field: TableField) -> tuple[datetime | None, datetime | None]:
    """The least and the largest instant of a column in a file, as far as the table tells them."""
    told = file.statistics
    if isinstance(told, str):
        told = json.loads(told)
    if field.stored in file.values:
        text = file.values[field.stored]
        both = _instant(text, field) if types.is_date(field.type) else None
        return both, both
    if told is None:
        return None, None
    least, most = (told.get(side, {}).get(field.stored) for side in ("minValues", "maxValues"))
    return _instant(least, field), _instant(most, field)


def _instant(value: Any, field: TableField) -> datetime | None:
    if value is None or not isinstance(value, str):
        return None
    if types.is_date(field.type):
        day = date.fromisoformat(value)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    found = datetime.fromisoformat(value)
    if field.type == pa.timestamp("us", "UTC"):
        return found.astimezone(UTC) if found.tzinfo is not None else None  # whose zone, nobody knows
    return found.replace(tzinfo=UTC)
