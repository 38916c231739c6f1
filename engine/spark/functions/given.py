"""DataFrames that a function of the author is given, whole or by groups, as PySpark's worker reads them.

Rows are of one group if Spark says so of their keys: nulls are equal, so are NaNs, and so are the two zeros.
Groups come in the order of their keys, nulls first, and rows in a group in the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from engine.spark.functions.find import refused
from engine.spark.functions.groups import spread
from engine.spark.functions.keys import Numbers, has_negative_zero, numbered, one_array
from engine.spark.functions.local import BATCH_ROWS, Pieces, gathered

# How many rows functions are tried with.
_TRIED: Final = 1_000


@dataclass(frozen=True, slots=True)
class GivenFrame:
    """A DataFrame that a function is given.

    Attributes:
        table: its columns, by the names that the function sees, then keys that are none of them.
        beside: how many of them are such keys.
        keys: places of the keys.
    """

    table: pa.Table
    beside: int
    keys: tuple[int, ...]

    def offsets(self) -> tuple[int, ...]:
        """Which columns are keys and which the function's, as PySpark's worker is told."""
        values = range(self.table.num_columns - self.beside)
        return (1 + len(self.keys) + len(values), len(self.keys), *self.keys, *values)


def check_keys(sides: Sequence[GivenFrame]) -> None:
    """See that rows can be grouped as Spark does it.

    Raises:
        PlanRefused: a key is of a type that is not compared here, or is none of the other DataFrame's keys.
    """
    for places in zip(*(side.keys for side in sides), strict=True):
        columns = [side.table.column(place) for side, place in zip(sides, places, strict=True)]
        if len(sides) > 1 and any(map(has_negative_zero, columns)):
            raise refused(
                "over pairs of groups by floats of which one is -0.0 (Spark fails there)",
                "add 0.0 to the key with df.withColumn before",
            )
        kinds = [column.type for column in columns]
        if any(map(pa.types.is_nested, kinds)):
            raise refused(
                "over groups by a struct, an array or a map",
                "group by its parts, as in groupBy(F.window(...).start)",
            )
        if any(kind != kinds[0] for kind in kinds):
            raise refused(
                f"over pairs of groups by keys of different types ({kinds[0]} and {kinds[-1]})",
                "cast one of the keys with df.withColumn before",
            )


def whole(given: GivenFrame) -> Iterator[bytes]:
    """The pieces of one stream of batches, each of which is a struct."""
    return gathered(_stream(given.table, in_structs=True))


def grouped(sides: Sequence[GivenFrame], *, in_structs: bool) -> Iterator[bytes]:
    """The pieces of the streams of all groups.

    Args:
        sides: one DataFrame, or two whose groups of equal keys are given together.
        in_structs: whether each batch is one struct.
    """
    return gathered(_group_parts(sides, in_structs=in_structs))


def _group_parts(sides: Sequence[GivenFrame], *, in_structs: bool) -> Iterator[bytes]:
    numbers = _numbered(sides)
    orders = [np.argsort(one, kind="stable") for one in numbers]
    tables = [side.table.take(pa.array(order)) for side, order in zip(sides, orders, strict=True)]
    sorted_numbers = [one[order] for one, order in zip(numbers, orders, strict=True)]
    for group in np.unique(np.concatenate(sorted_numbers)):
        yield _number(len(sides))
        for table, one in zip(tables, sorted_numbers, strict=True):
            start, end = np.searchsorted(one, (group, group + 1))
            rows, some = table.slice(start, end - start), len(sides) > 1
            yield from _stream(rows, in_structs=in_structs, some=some)
    yield _number(0)


def some_groups(sides: Sequence[GivenFrame]) -> list[list[GivenFrame]]:
    """Few rows of the DataFrames, with which a function is tried: of groups of at least two rows.

    First whole groups, the smallest ones; then the largest group, of which rows from all of it are taken
    where it has too many. What takes the first ten rows gives the same for small groups in any order.
    """
    numbers = _numbered(sides)
    counts = [np.bincount(one, minlength=max(map(_most, numbers)) + 1) for one in numbers]
    total = np.sum(counts, axis=0)
    ordered = [group for group in np.argsort(total, kind="stable") if max(one[group] for one in counts) > 1]
    fit = int(np.searchsorted(np.cumsum(total[ordered]), _TRIED, side="right"))
    parts = [ordered[:fit]] if fit else []
    parts += [ordered[-1:]] if fit < len(ordered) else []
    return [
        [
            replace(
                side, table=side.table.take(pa.array(spread(np.flatnonzero(np.isin(one, groups)), _TRIED)))
            )
            for side, one in zip(sides, numbers, strict=True)
        ]
        for groups in parts
    ]


def turned(sides: Sequence[GivenFrame]) -> list[GivenFrame]:
    """The DataFrames with their rows in the opposite order."""
    return [
        replace(side, table=side.table.take(pa.array(np.arange(side.table.num_rows)[::-1]))) for side in sides
    ]


def _most(numbers: Numbers) -> int:
    return int(numbers.max(initial=-1))


def _stream(table: pa.Table, *, in_structs: bool, some: bool = False) -> Iterator[bytes]:
    """The stream of a table, batch by batch.

    Args:
        table: the rows.
        in_structs: whether each batch is one struct.
        some: whether there has to be a batch, if of no rows.
    """
    sink = Pieces()
    schema = pa.schema([pa.field("struct", pa.struct(list(table.schema)))]) if in_structs else table.schema
    with pa.ipc.new_stream(sink, schema) as writer:
        for start in range(0, max(table.num_rows, int(some)), BATCH_ROWS):
            part = table.slice(start, BATCH_ROWS)
            arrays = [one_array(column) for column in part.columns]
            if in_structs:
                arrays = [pa.StructArray.from_arrays(arrays, fields=list(table.schema))]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            yield sink.take()
    yield sink.take()


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")


def _numbered(sides: Sequence[GivenFrame]) -> list[Numbers]:
    """The numbers of the groups of all rows, for each DataFrame, in the order of the keys."""
    rows = [side.table.num_rows for side in sides]
    keys = [
        pa.chunked_array([chunk for one in columns for chunk in one.chunks], columns[0].type)
        for columns in zip(
            *([side.table.column(place) for place in side.keys] for side in sides), strict=True
        )
    ]
    return np.split(numbered(keys, sum(rows)), np.cumsum(rows)[:-1])
