"""One small number for each row, which tells all frames of a run apart. Pure.

Rows that are fetched for many frames carry it instead of their keys: a backend spends as long on a byte of
a key as on one of the data.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np
import numpy.typing as npt
import pyspark.sql.connect.proto as pb

from engine.frames.axes import Axis, KeyedAxis
from engine.frames.buckets import place_of
from engine.frames.build import call, case, long
from engine.frames.families import Family
from engine.frames.frameset import FrameSet
from engine.frames.keys import key_layout
from engine.frames.plan import FramePlan
from engine.frames.values import equals
from engine.models.frame import Scalar

# A row's value is compared with one after the other, so they are few.
_MOST_VALUES: Final = 64
# For each number a frame is looked up.
_MOST_NUMBERS: Final = 1 << 20
# Kinds of fields whose values a key of a dictionary says as they are.
_PLAIN: Final = frozenset({"string", "byte", "short", "integer", "long", "boolean"})

Indices = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Digit:
    """What one of the keys adds to a number.

    Attributes:
        expression: the digit, from 0.
        digits: of each value that the key has in any frame.
        size: how many digits there are.
    """

    expression: pb.Expression
    digits: Mapping[Hashable, int]
    size: int


@dataclass(frozen=True, slots=True)
class Numbering:
    """The numbers of rows.

    Attributes:
        expression: the number of a row within the plan's bound; of a whole type that is wide enough.
    """

    expression: pb.Expression
    _digits: tuple[_Digit, ...]

    def frames(self, family: Family) -> Indices:
        """The index of a family's frame for each number, or -1."""
        table = np.full([digit.size for digit in self._digits], -1, np.int32)
        for key, frame in family.frames.items():
            place: list[int | slice] = [slice(None)] * len(self._digits)
            for number, value in zip(family.keys, key, strict=True):
                place[number] = self._digits[number].digits[value]
            table[tuple(place)] = frame
        return table.reshape(-1)


def number_rows(plan: FramePlan, frames: FrameSet) -> Numbering | None:
    """How to number the rows of a run.

    None if there are too many values, or some of a type that is not as plain as whole numbers or text.

    Args:
        plan: what the run covers.
        frames: its frames.
    """
    layout = key_layout(plan)
    digits: dict[int, _Digit | None] = {}
    for group, places in zip(plan.groups, layout.axes, strict=True):
        for axis, own in zip(group.axes, places, strict=True):
            digits |= {place: _digit(axis, layout.keys[place], place, frames.families) for place in own}
    if layout.window is not None:
        count = len(plan.windows)
        digits[layout.window] = _Digit(layout.keys[layout.window], {i: i for i in range(count)}, count)
    found = [digit for _, digit in sorted(digits.items()) if digit is not None]
    size = prod(digit.size for digit in found)
    if len(found) < len(layout.keys) or not found or size > _MOST_NUMBERS:
        return None
    number = found[0].expression
    for digit in found[1:]:
        number = call("+", call("*", number, long(digit.size)), digit.expression)
    return Numbering(_narrow(number, size), tuple(found))


def _digit(axis: Axis, key: pb.Expression, place: int, families: Sequence[Family]) -> _Digit | None:
    if not isinstance(axis, KeyedAxis):
        return _Digit(case([(key, long(1))], long(0)), {False: 0, True: 1}, 2)
    if axis.field is None:
        assert axis.members is not None
        size = len(axis.members) + 1
        return _Digit(key, {number: number for number in range(size)}, size)
    wanted = {
        value: None
        for family in families
        if place in family.keys
        for value in _values(family, family.keys.index(place))
    }
    if axis.field.kind not in _PLAIN or len(wanted) > _MOST_VALUES:
        return None
    values = [_plain(value) for value in wanted]
    conditions = [equals(axis.field, value) for value in values]
    return _Digit(place_of(conditions), {value: i for i, value in enumerate(wanted, 1)}, len(wanted) + 1)


def _values(family: Family, place: int) -> list[Hashable]:
    return [key[place] for key in family.frames]


def _plain(value: Hashable) -> Scalar:
    if isinstance(value, bytes):
        return value.decode()
    assert value is None or isinstance(value, int)
    return value


def _narrow(number: pb.Expression, size: int) -> pb.Expression:
    if size <= 1 << 7:
        kind = pb.DataType(byte=pb.DataType.Byte())
    elif size <= 1 << 15:
        kind = pb.DataType(short=pb.DataType.Short())
    else:
        kind = pb.DataType(integer=pb.DataType.Integer())
    return pb.Expression(cast=pb.Expression.Cast(expr=number, type=kind))
