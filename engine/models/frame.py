"""What one call of `calc_metric` sees: a segment, a window, or all of the run's data. Pure values.

A frame is a name, not a query: `engine.frames` turns it into a predicate. JSON forms are those of the
documented output; NaN and infinity, which JSON cannot hold, become null (type "nan") and text.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Literal

from engine.models.windows import Window

Scalar = None | bool | int | float | str | Decimal | date | datetime
# What a segment's value is; its form in JSON.
ValueType = Literal[
    "null",  # rows where the field is null; null
    "nan",  # rows where the field is NaN; null
    "bool",
    "int",
    "float",  # a number; infinities are the texts 'inf' and '-inf'
    "decimal",  # as text with its digits
    "string",
    "date",  # as text: 2026-11-01
    "timestamp",  # as text in UTC: 2026-11-01T00:00:00+00:00
    "timestamp_ntz",  # a moment without a zone, as text: 2026-11-01T00:00:00
    "bucket",  # its label: '[18,25)', or '(-inf,18)' and '[65,inf)' for the open ends
    "where",  # the label of a Boolean expression
]


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the data along one axis, or along two for a cross.

    Attributes:
        group: the field or the label; for a cross a pair.
        value: the member; for a cross a pair. None for null, float NaN for NaN, the label for buckets and
            expressions.
        type: a `ValueType`; for a cross a pair.
    """

    group: str | tuple[str, str]
    value: Scalar | tuple[Scalar, Scalar]
    type: ValueType | tuple[ValueType, ValueType]

    def to_dict(self) -> dict[str, object]:
        """JSON form; a cross has arrays."""
        if isinstance(self.value, tuple):
            return {
                "group": list(self.group),
                "value": [_json_value(value) for value in self.value],
                "type": list(self.type),
            }
        return {"group": self.group, "value": _json_value(self.value), "type": self.type}

    def __str__(self) -> str:
        pairs: list[tuple[str, Scalar, str]] = (
            list(zip(self.group, self.value, self.type, strict=True))
            if isinstance(self.value, tuple)
            else [(str(self.group), self.value, str(self.type))]
        )
        return " & ".join(_label(*pair) for pair in pairs)


@dataclass(frozen=True, slots=True)
class Frame:
    """One call's data.

    Attributes:
        index: its place in the run, from 0; frame 0 is the full data over the whole range.
        segment: None for the full data.
        window: None for the run's whole range.
    """

    index: int
    segment: Segment | None = None
    window: Window | None = None

    def to_dict(self, zone: tzinfo = UTC) -> dict[str, object]:
        """JSON form, without the index."""
        return {
            "segment": None if self.segment is None else self.segment.to_dict(),
            "window": None if self.window is None else self.window.to_dict(zone),
        }


def _json_value(value: Scalar) -> object:
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    return value


def _label(group: str, value: Scalar, kind: str) -> str:
    if kind == "where":
        return str(value) if group == value else f"{group}: {value}"
    if kind == "bucket":
        return f"{group} in {value}"
    return f"{group} = {'null' if value is None else _json_value(value) if kind != 'nan' else 'NaN'}"
