"""Plans and tables drawn from bytes: what fuzzing native answers asks of both engines.

The first bytes make the table, the rest choose the plan, one byte for a choice. Where bytes run out the first
choice is taken, which is the simplest one: so an input is made smaller by leaving bytes out.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.frames.build import aggregated, call, column, filtered, literal, named, projected
from engine.spark.native.functions.nested import array_of, nested_lines
from engine.spark.native.functions.table import LINES
from engine.spark.native.tree import Line
from engine.spark.native.types import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INTEGER,
    LONG,
    SHORT,
    STRING,
    TIMESTAMP,
    TIMESTAMP_NTZ,
    Decimal,
    SparkType,
    arrow_type,
    to_proto,
)
from tests.spark.native.grid import spelled
from tests.spark.native.values import arrow_array, values_of

_T = TypeVar("_T")
_MOST_ROWS: Final = 40
_MOST_DEPTH: Final = 4
TABLE_BYTES: Final = 4
_ARRAYS: Final = (array_of(INTEGER), array_of(STRING))
# Columns by their names; of the second half of the numbers a sum is not all noise.
COLUMNS: Final[dict[str, SparkType]] = {
    "id": LONG, "i": INTEGER, "big": LONG, "x": DOUBLE, "s": STRING, "k": STRING, "flag": BOOLEAN, "d": DATE,
    "t": TIMESTAMP, "y": DOUBLE, "small": INTEGER, "f": FLOAT, "sh": SHORT, "p": Decimal(9, 2),
    "n": TIMESTAMP_NTZ, "b": BINARY, "xs": _ARRAYS[0], "ws": _ARRAYS[1], "u": LONG, "w": STRING,
}  # fmt: skip
_TAME: Final[dict[str, Sequence[Any]]] = {
    "y": [0.0, 1.0, 1.5, -2.5, 0.1, 3.25, 100.0, None],
    "small": [0, 1, 2, 3, -1, 7, None],
    "u": [1, 2, 3, 5, 8, 13],
    "k": ["u", "v", "w", None],
    "w": ["a", "b", "abc", "Ab c", "x,y", "10", " a", "", None],
}


class Choices:
    """Choices by bytes."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def below(self, count: int) -> int:
        """A number below another one; 0 once the bytes are used up."""
        if self._place >= len(self._data) or count < 2:
            return 0
        self._place += 1
        return self._data[self._place - 1] % count

    def one_of(self, options: Sequence[_T]) -> _T:
        """One of them."""
        if len(options) > 256:
            return options[min(self.below(256) * 256 + self.below(256), 65_535) % len(options)]
        return options[self.below(len(options))]


def table_of(data: bytes) -> pa.Table:
    """The table that the first bytes make."""
    head = [*data[:TABLE_BYTES], *[0] * TABLE_BYTES][:TABLE_BYTES]
    rows, draw = head[0] % (_MOST_ROWS + 1), random.Random(head[1] + 256 * head[2])
    # Of some tables every column is tame: values of a few kinds, without extremes.
    most = 256 if head[3] % 2 else 8
    arrays = {}
    for name, kind in COLUMNS.items():
        values = list(_TAME.get(name, values_of(kind)[:most]))
        chosen = [draw.choice(values) for _ in range(rows)]
        arrays[name] = arrow_array(kind, list(range(rows)) if name == "id" else chosen)
    return pa.table(arrays)


def _by_result() -> dict[SparkType, list[Line]]:
    found: dict[SparkType, list[Line]] = {}
    nested = (line for kind in _ARRAYS for line in nested_lines(kind))
    for line in (*LINES.values(), *nested):
        # What stands at a constant place is no function.
        if arrow_type(line.gives) is not None and line.name != "extract":
            found.setdefault(line.gives, []).append(line)
    return found


_BY_RESULT: Final = _by_result()
_ROW_WISE: Final = {
    kind: [line for line in lines if not line.aggregate] for kind, lines in _BY_RESULT.items()
}
_AGGREGATES: Final = [line for lines in _BY_RESULT.values() for line in lines if line.aggregate]
_KINDS: Final = (INTEGER, DOUBLE, BOOLEAN, STRING, LONG, DATE, TIMESTAMP)
# What a literal may be, by its type: plain ones first.
_CONSTANTS: Final[dict[SparkType, tuple[str, Sequence[Any]]]] = {
    INTEGER: ("integer", (1, 0, 2, -1, 7, 31, 2147483647, -2147483648)),
    LONG: ("long", (1, 0, -1, 100, 2**63 - 1, -(2**63))),
    DOUBLE: ("double", (1.0, 0.0, 0.5, -2.5, 1e10, math.nan, math.inf, -0.0)),
    STRING: ("string", ("a", "", "u", "A", " ", "%", "1", "2020-01-01", "é")),
    BOOLEAN: ("boolean", (True, False)),
    DATE: ("date", (0, 18_262, 19_782, -1)),
}


class Plan:
    """The plan that the rest of the bytes chooses."""

    def __init__(self, source: pb.Relation, data: bytes) -> None:
        self._source = source
        self._pick = Choices(data[TABLE_BYTES:])

    def relation(self) -> pb.Relation:
        """Filters, columns, then an aggregate, groups, or rows as they are."""
        pick, relation = self._pick, self._source
        for number in range(pick.below(3)):
            if pick.below(2):
                relation = filtered(relation, self.of(BOOLEAN, 1))
            else:
                made = named(self.of(pick.one_of(_KINDS), 1), f"n{number}")
                star = pb.Expression(unresolved_star=pb.Expression.UnresolvedStar())
                relation = projected(relation, [star, made])
        endings: Sequence[Callable[[pb.Relation], pb.Relation]] = (
            self._rows, self._rows, self._totals, self._totals, self._groups, self._distinct, self._windows,
        )  # fmt: skip
        return pick.one_of(endings)(relation)

    def _rows(self, relation: pb.Relation) -> pb.Relation:
        count = 1 + self._pick.below(2)
        made = [self.of(self._pick.one_of(list(_ROW_WISE)), 0) for _ in range(count)]
        return projected(relation, [column("id"), *self._named(made)])

    def _named(self, made: Sequence[pb.Expression]) -> list[pb.Expression]:
        return [named(one, f"r{place}") for place, one in enumerate(made)]

    def _totals(self, relation: pb.Relation) -> pb.Relation:
        return aggregated(relation, [], self._named([self._total() for _ in range(1 + self._pick.below(2))]))

    def _groups(self, relation: pb.Relation) -> pb.Relation:
        keys = [column(name) for name in self._keys()]
        if self._pick.below(3) == 2:
            keys = [named(self.of(self._pick.one_of(_KINDS), 2), "key")]
        return aggregated(relation, keys, self._named([self._total()]))

    def _distinct(self, relation: pb.Relation) -> pb.Relation:
        chosen = projected(relation, [column(name) for name in self._keys()])
        made = pb.Relation()
        made.deduplicate.input.CopyFrom(chosen)
        made.deduplicate.all_columns_as_keys = True
        return made

    def _keys(self) -> list[str]:
        names = ("k", "flag", "small", "x", "d", "s", "p", "i")
        return sorted({self._pick.one_of(names) for _ in range(1 + self._pick.below(2))})

    def _windows(self, relation: pb.Relation) -> pb.Relation:
        pick = self._pick
        window = pb.Expression.Window(partition_spec=[column(name) for name in self._keys()])
        name = pick.one_of(("row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "lag", "lead",
                            "first_value", "last_value", "sum", "count", "min", "max"))  # fmt: skip
        arguments = [] if name in ("row_number", "rank", "dense_rank", "percent_rank", "cume_dist") else [
            column(pick.one_of(("small", "u", "s", "d", "p", "x")))
        ]  # fmt: skip
        window.window_function.CopyFrom(call(name, *arguments))
        way = pb.Expression.SortOrder
        for key in pick.one_of((("id",), ("small", "id"), ("x",), ("d", "id"))):
            window.order_spec.append(
                way(
                    child=column(key),
                    direction=pick.one_of((way.SORT_DIRECTION_ASCENDING, way.SORT_DIRECTION_DESCENDING)),
                    null_ordering=pick.one_of((way.SORT_NULLS_FIRST, way.SORT_NULLS_LAST)),
                )
            )
        made = named(pb.Expression(window=window), "r0")
        sorted_ = pb.Relation()
        sorted_.sort.input.CopyFrom(projected(relation, [column("id"), made]))
        sorted_.sort.is_global = True
        order = sorted_.sort.order.add()
        order.child.CopyFrom(column("id"))
        order.direction, order.null_ordering = way.SORT_DIRECTION_ASCENDING, way.SORT_NULLS_FIRST
        return sorted_

    def _total(self) -> pb.Expression:
        line = self._pick.one_of(_AGGREGATES)
        return spelled(line, [self.of(kind, 1, tame=True) for kind in line.takes])

    def of(self, kind: SparkType, depth: int, *, tame: bool = False) -> pb.Expression:
        """An expression of a type."""
        pick, names = self._pick, [name for name, one in COLUMNS.items() if one == kind]
        lines = _ROW_WISE.get(kind, [])
        what = pick.below(12)
        if names and (what < 3 or depth >= _MOST_DEPTH):
            return column(pick.one_of([name for name in names if name in _TAME] or names if tame else names))
        if what == 3 and kind in _CONSTANTS:
            field, values = _CONSTANTS[kind]
            return literal(pb.Expression.Literal(**{field: pick.one_of(values)}))
        if what == 4:
            one, other = self.of(kind, depth + 1), self.of(kind, depth + 1)
            return call("when", self.of(BOOLEAN, depth + 1), one, other)
        if what == 5:
            return call("coalesce", self.of(kind, depth + 1), self.of(kind, depth + 1))
        if not lines or depth >= _MOST_DEPTH:
            return pb.Expression(cast=pb.Expression.Cast(expr=column("i"), type=to_proto(kind)))
        line = pick.one_of(lines)
        return spelled(line, [self.of(one, depth + 1) for one in line.takes])
