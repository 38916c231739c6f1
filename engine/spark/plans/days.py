"""Literals of days that only one of two calendars has. Pure.

Spark Connect makes java.sql values of the literals of a plan, whose calendar lacks the ten days before
1582-10-15: a literal of one of them silently becomes another day. Text that is cast is read exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.errors import PlanRefused
from engine.spark.plans.trees import walk

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1) // timedelta(microseconds=1)
_LACKED: Final = range(
    date(1582, 10, 5).toordinal() - _EPOCH.toordinal(), date(1582, 10, 15).toordinal() - _EPOCH.toordinal()
)
_NESTED: Final = frozenset({"array", "map", "struct"})
_TYPES: Final[Mapping[str, pb.DataType]] = MappingProxyType(
    {
        "date": pb.DataType(date=pb.DataType.Date()),
        "timestamp": pb.DataType(timestamp=pb.DataType.Timestamp()),
    }
)


def exact(expression: pb.Expression) -> pb.Expression:
    """The same expression; a literal of such a day or instant as text that is cast.

    Raises:
        PlanRefused: it is within an array, a map or a struct that is one literal, where no cast has a place.
    """
    value = expression.literal
    kind = value.WhichOneof("literal_type") if expression.HasField("literal") else None
    if kind == "date" and value.date in _LACKED:
        text = (_EPOCH + timedelta(days=value.date)).date().isoformat()
    elif kind == "timestamp" and value.timestamp // _DAY in _LACKED:
        text = (_EPOCH + timedelta(microseconds=value.timestamp)).isoformat(timespec="microseconds")
    else:
        if kind in _NESTED and any(map(_is_lacked, walk(value))):
            raise PlanRefused(
                "plan-garbage",
                "a literal of several values has a day between 1582-10-05 and 1582-10-14, which would become "
                "another day",
                "make the array of single literals, such as F.array(F.lit(day), ...)",
            )
        return expression
    spelled = pb.Expression(literal=pb.Expression.Literal(string=text))
    made = pb.Expression(cast=pb.Expression.Cast(expr=spelled, type=_TYPES[kind]))
    if expression.HasField("common"):
        made.common.CopyFrom(expression.common)
    return made


def _is_lacked(here: Message) -> bool:
    if not isinstance(here, pb.Expression.Literal):
        return False
    kind = here.WhichOneof("literal_type")
    return (kind == "date" and here.date in _LACKED) or (
        kind == "timestamp" and here.timestamp // _DAY in _LACKED
    )
