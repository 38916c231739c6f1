"""Trusted side, pure: the data that a plan carries, checked and written anew.

`spark.createDataFrame` sends an Arrow stream. A data engine would read it in native code, with whatever its
facts promise, and Spark also takes column metadata from it (`SPARK::metadata::json`), some of which it runs
as SQL. So no byte of the worker's goes on: the frames are read first (`stream_shape`), then Arrow's reader
takes them and validates every value, which is the order in which its authors fuzz it; each type has to be on
the list below; and the stream is written again, without metadata.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import pyarrow as pa
import pyarrow.types as kinds

from engine.errors import PlanRefused
from engine.spark.plans.caps import (
    MAX_LOCAL_BATCHES,
    MAX_LOCAL_COLUMNS,
    MAX_LOCAL_DEPTH,
    MAX_LOCAL_ROWS,
    MAX_LOCAL_SCHEMA_BYTES,
    MAX_LOCAL_VALUES,
)
from engine.spark.plans.names import check_column
from engine.spark.plans.rules import Place
from engine.spark.plans.stream_shape import NotPlain, read_shape

# Types without parts that PySpark sends: they mean the same to every reader.
_SCALARS: Final[tuple[Callable[[pa.DataType], bool], ...]] = (
    kinds.is_null,  # a column of None alone
    kinds.is_boolean,
    kinds.is_integer,
    kinds.is_floating,
    kinds.is_decimal128,
    kinds.is_string,
    kinds.is_large_string,
    kinds.is_binary,
    kinds.is_large_binary,
    kinds.is_date32,
    kinds.is_time64,
    kinds.is_duration,
)
_ZONE: Final = re.compile(r"[A-Za-z0-9_+:/-]{1,64}")
# What Spark marks the parts of a variant with; all other metadata is left out.
_VARIANT: Final = {b"variant": b"true"}


def rewrite_local_data(data: bytes, place: Place) -> bytes:
    """Check the data of a local relation, and write it anew.

    Raises:
        PlanRefused: if it is too much, or anything but one plain Arrow stream of the types on the list.
    """
    place.budget.add_local(len(data))
    if not data:
        return data
    try:
        shape = read_shape(data, most_messages=MAX_LOCAL_BATCHES, most_facts=MAX_LOCAL_SCHEMA_BYTES)
        if shape.rows > MAX_LOCAL_ROWS or shape.values > MAX_LOCAL_VALUES:
            raise _too_much(f"more than {MAX_LOCAL_ROWS:,} rows or {MAX_LOCAL_VALUES:,} values")
        return _rewrite(data, place)
    except NotPlain as found:
        raise _not_plain(str(found)) from None
    except (pa.ArrowException, ValueError, OSError, OverflowError, RecursionError):
        raise _not_plain("values that are none of their types") from None


def _rewrite(data: bytes, place: Place) -> bytes:
    options = pa.ipc.IpcReadOptions(use_threads=False)
    reader = pa.ipc.open_stream(pa.py_buffer(data), options=options)
    columns = _Columns(place)
    schema = pa.schema([columns.field(field, 1) for field in reader.schema])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in reader:
            batch.validate(full=True)
            if batch.num_columns:
                batch = pa.RecordBatch.from_arrays(batch.columns, schema=schema)
            writer.write_batch(batch)
    return bytes(sink.getvalue())


class _Columns:
    """Builds fields again of what is understood of them, and counts them."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._count = 0

    def field(self, field: pa.Field, depth: int) -> pa.Field:
        """The same field without what is not known."""
        self._count += 1
        if self._count > MAX_LOCAL_COLUMNS or depth > MAX_LOCAL_DEPTH:
            raise _too_much(f"more than {MAX_LOCAL_COLUMNS:,} columns, or {MAX_LOCAL_DEPTH} in one another")
        self._place.budget.stop()
        name = check_column(field.name, self._place)
        marked = field.metadata is not None and _VARIANT.items() <= field.metadata.items()
        kind = self._type(field.type, depth)
        return pa.field(name, kind, nullable=field.nullable, metadata=_VARIANT if marked else None)

    def _type(self, kind: pa.DataType, depth: int) -> pa.DataType:
        if any(is_it(kind) for is_it in _SCALARS):
            return kind
        if kinds.is_timestamp(kind) and (kind.tz is None or _ZONE.fullmatch(kind.tz)):
            return kind
        if kinds.is_list(kind):
            return pa.list_(self.field(kind.value_field, depth + 1))
        if kinds.is_large_list(kind):
            return pa.large_list(self.field(kind.value_field, depth + 1))
        if kinds.is_struct(kind):
            return pa.struct([self.field(kind.field(index), depth + 1) for index in range(kind.num_fields)])
        if kinds.is_map(kind):
            key, item = (self.field(part, depth + 1) for part in (kind.key_field, kind.item_field))
            return pa.map_(key, item, keys_sorted=kind.keys_sorted)
        raise PlanRefused(
            "type-refused",
            f"spark.createDataFrame: a column of the Arrow type {str(kind)[:60]} is refused",
            "use numbers, text, bytes, dates, times, lists, maps and structs; make categoricals text first",
        )


def _not_plain(why: str) -> PlanRefused:
    return PlanRefused(
        "plan-garbage",
        f"spark.createDataFrame: the data is not one that PySpark 4.2 sends ({why})",
        "hand it plain rows, or a pandas DataFrame",
    )


def _too_much(what: str) -> PlanRefused:
    return PlanRefused(
        "plan-too-large",
        f"spark.createDataFrame: {what}",
        "keep large data in the DataFrame that calc_metric gets, and send only small tables",
    )
