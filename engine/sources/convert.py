"""Exact conversion of columns to the types that every backend reads. Nothing is rounded but nanoseconds.

Those are cut to microseconds, towards the past, so that no instant moves into another day or window. A value
that its column's type cannot hold is an error of pyarrow's.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types


class UnfitValue(Exception):
    """A column has a value that its type cannot hold.

    Attributes:
        name: the column's.
        type: its own type.
        reason: pyarrow's word.
    """

    def __init__(self, name: str, kind: pa.DataType, reason: str) -> None:
        super().__init__(name)
        self.name = name
        self.type = kind
        self.reason = reason


def convert_batches(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Batches of whatever columns as batches of the given ones, by name; those that are not there are null.

    Raises:
        UnfitValue: a value does not fit.
    """
    for batch in batches:
        places = {name.lower(): place for place, name in enumerate(batch.schema.names)}
        columns = []
        for one in schema:
            place = places.get(one.name.lower())
            if place is None:
                columns.append(pa.nulls(batch.num_rows, one.type))
                continue
            try:
                columns.append(convert(batch.column(place), one.type))
            except pa.ArrowException as error:
                raise UnfitValue(one.name, batch.schema.field(place).type, str(error)) from None
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def convert(array: pa.Array, target: pa.DataType) -> pa.Array:
    """The same values as another type.

    Args:
        array: of a type that `engine.sources.kinds.decide` reads as `target`, or as a narrower type.
        target: a type of that module's.

    Raises:
        pa.ArrowException: a value does not fit.
    """
    kind = array.type
    if kind == target:
        return array
    if isinstance(kind, pa.BaseExtensionType):
        if kind.extension_name == "arrow.uuid":
            return _uuid_text(array)
        return convert(array.storage, target)
    if types.is_dictionary(kind):
        # Views of text, which Polars' categories hold, cannot be decoded before they are plain text.
        return convert(array.dictionary, target).take(array.indices)
    if types.is_run_end_encoded(kind):
        return convert(pc.run_end_decode(array), target)
    if types.is_null(kind):
        return pa.nulls(len(array), target)
    if types.is_struct(target):
        return _struct(array, target)
    if types.is_map(target):
        return _map(array, target)
    if types.is_list(target):
        values = convert(array.flatten(), target.value_type)
        return pa.ListArray.from_arrays(_offsets(array), values, type=target, mask=array.is_null())
    if types.is_temporal(kind) and getattr(kind, "unit", "") == "ns":
        return _microseconds(array).cast(target)
    return array.cast(target)


def _struct(array: pa.Array, target: pa.StructType) -> pa.Array:
    places = {field.name.lower(): number for number, field in enumerate(array.type)}
    children = []
    for field in target:
        place = places.get(field.name.lower())
        children.append(
            pa.nulls(len(array), field.type) if place is None else convert(array.field(place), field.type)
        )
    return pa.StructArray.from_arrays(children, fields=list(target), mask=array.is_null())


def _map(array: pa.Array, target: pa.MapType) -> pa.Array:
    kind = array.type
    plain = pa.list_(pa.struct([pa.field("key", kind.key_type), pa.field("value", kind.item_type)]))
    lists = array.cast(plain)  # maps cannot be flattened
    entries = lists.flatten()
    keys, items = convert(entries.field(0), target.key_type), convert(entries.field(1), target.item_type)
    return pa.MapArray.from_arrays(_offsets(lists), keys, items, type=target, mask=array.is_null())


def _offsets(array: pa.Array) -> pa.Array:
    """Where the lists of an array begin and end in what `flatten` gives, in which null lists have no part."""
    lengths = pc.fill_null(pc.list_value_length(array), 0).cast(pa.int64())
    ends = pc.cumulative_sum(lengths)
    return pa.concat_arrays([pa.array([0], pa.int64()), ends]).cast(pa.int32())


def _microseconds(array: pa.Array) -> pa.Array:
    """Nanoseconds as microseconds, cut towards the past."""
    kind = array.type
    count = array.view(pa.int64())
    whole = pc.divide(count, 1000)
    below = pc.less(pc.subtract(count, pc.multiply(whole, 1000)), 0)
    floor = pc.subtract(whole, below.cast(pa.int64()))
    return floor.view(pa.timestamp("us", kind.tz) if types.is_timestamp(kind) else pa.time64("us"))


def _uuid_text(array: pa.ExtensionArray) -> pa.Array:
    values = [None if value is None else str(uuid.UUID(bytes=value)) for value in array.storage.to_pylist()]
    return pa.array(values, pa.string())
