"""The rows that functions of the author are applied to as a stream, and what comes back, which is hostile.

What comes back has to be one plain Arrow stream (`engine.spark.plans.stream_shape`) of exactly as many rows
as were sent, in exactly the types that the functions declare; every value is validated, and all is written
anew.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyspark.sql.connect.proto as pb
from pyspark.sql.connect.types import proto_schema_to_pyspark_data_type
from pyspark.sql.pandas.types import to_arrow_type

from engine.arrow import arrow_stream
from engine.errors import PlanRefused
from engine.spark.plans.caps import MAX_LOCAL_SCHEMA_BYTES
from engine.spark.plans.stream_shape import NotPlain, StreamShape, TooManyBatches, read_shape

# As Spark cuts the rows of a partition for its workers (spark.sql.execution.arrow.maxRecordsPerBatch).
BATCH_ROWS: Final = 10_000
_PIECE: Final = 256 << 10
_MOST_VALUES: Final = 100_000_000
# Functions of iterators may give batches of any size, and of no rows.
_SPARE_MESSAGES: Final = 1_000
# Of what functions of whole DataFrames give, each of which is read by itself.
_MOST_BATCHES: Final = 100_000


@dataclass(frozen=True, slots=True)
class ResultColumns:
    """Columns that functions gave, and the bytes that they took on the way."""

    columns: tuple[pa.ChunkedArray, ...]
    size: int


def streams(table: pa.Table, *, first: int = BATCH_ROWS, batch_rows: int = BATCH_ROWS) -> Iterator[bytes]:
    """The pieces of the Arrow stream of a table: its type, batches of rows, and the end.

    Args:
        table: the rows.
        first: how many are in the first batch.
        batch_rows: how many are in the others, at most.
    """
    ends = itertools.pairwise(_ends(table.num_rows, first, batch_rows))
    return stream_of(table.schema, (table.slice(start, end - start) for start, end in ends))


def stream_of(schema: pa.Schema, parts: Iterable[pa.Table]) -> Iterator[bytes]:
    """The pieces of one Arrow stream of tables that come one after the other, each a batch.

    Args:
        schema: of all of them, whose columns are called by their places.
        parts: the rows.
    """
    sink, names = Pieces(), [f"_{place}" for place in range(len(schema))]
    numbered = pa.schema([one.with_name(name) for one, name in zip(schema, names, strict=True)])
    with pa.ipc.new_stream(sink, numbered) as writer:
        for part in parts:
            batch = part.rename_columns(names).replace_schema_metadata(None).combine_chunks()
            writer.write_table(batch, max_chunksize=BATCH_ROWS)
            yield sink.take()
    yield sink.take()


def recut(tables: Iterable[pa.Table], rows: int = BATCH_ROWS) -> Iterator[pa.Table]:
    """The same rows in tables of so many each, but for the last one; none without rows."""
    held: pa.Table | None = None
    for table in tables:
        left = table if held is None else pa.concat_tables([held, table])
        while left.num_rows >= rows:
            yield left.slice(0, rows)
            left = left.slice(rows)
        held = left if left.num_rows else None
    if held is not None:
        yield held


def _ends(rows: int, first: int, batch_rows: int) -> Iterable[int]:
    """Where batches begin and end."""
    return (0, *range(first, rows, batch_rows), rows) if rows else ()


class Pieces:
    """A file that gives what was written to it since the last time."""

    closed = False

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        """Keep some bytes."""
        self._held += data
        return len(data)

    def flush(self) -> None:
        """Nothing: all is there."""

    def take(self) -> bytes:
        """What is there."""
        taken = bytes(self._held)
        self._held.clear()
        return taken


def gathered(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer pieces: the worker asks for each of them."""
    held = bytearray()
    for part in parts:
        held += part
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def result_type(message: pb.DataType) -> pa.DataType:
    """What results of a declared type come as.

    Raises:
        PlanRefused: results of this type are not taken.
    """
    if not _is_plain(message):
        raise PlanRefused(
            "type-refused",
            f"a function that returns {_shown(message)} is refused",
            "let it return numbers, text, bytes, Booleans, dates, timestamps, or arrays, maps and structs of "
            "them that may hold nulls",
        )
    return to_arrow_type(proto_schema_to_pyspark_data_type(message), timezone="UTC")


def input_json(schema: pb.DataType, places: Sequence[int]) -> str:
    """The type of the arguments, as PySpark writes it.

    Raises:
        PlanRefused: an argument is of a type that functions are not given.
    """
    made = pb.DataType()
    made.struct.SetInParent()
    for number, place in enumerate(places):
        field = schema.struct.fields[place]
        check_given(field.data_type)
        made.struct.fields.add(name=f"_{number}", data_type=field.data_type, nullable=field.nullable)
    json = proto_schema_to_pyspark_data_type(made).json()
    assert isinstance(json, str)
    return json


def check_kept(schema: pb.DataType, places: Sequence[int]) -> None:
    """See that columns are of types that they still have as local data.

    Args:
        schema: of the rows, a struct.
        places: of the columns.

    Raises:
        PlanRefused: one is not: Arrow carries no collations, for one.
    """
    for place in places:
        field = schema.struct.fields[place]
        if field.data_type.WhichOneof("kind") != "null" and not _is_plain(field.data_type, nulls=False):
            raise PlanRefused(
                "type-refused",
                f"a function beside a column of type {_shown(field.data_type)} is refused: it may lose its "
                "collation, or its kind of interval, on the way",
                "leave the column out with df.select before, or cast it",
            )


def check_given(message: pb.DataType) -> None:
    """See that a column is of a type that functions are given.

    Raises:
        PlanRefused: it is of another.
    """
    if not _is_plain(message, nulls=False):
        raise PlanRefused(
            "type-refused",
            f"a function of a column of type {_shown(message)} is refused",
            "cast the column to a number, text, date or timestamp before",
        )


_PLAIN: Final = frozenset(
    {"boolean", "byte", "short", "integer", "long", "float", "double", "decimal", "string", "binary"}
    | {"date", "timestamp", "timestamp_ntz"}
)


def _is_plain(message: pb.DataType, *, nulls: bool = True) -> bool:
    """Whether a type is one whose values go to a worker and back unchanged.

    Args:
        message: the type.
        nulls: whether what is inside of it has to allow nulls, which nobody would look for.
    """
    match message.WhichOneof("kind"):
        case "array":
            inner = message.array
            return (inner.contains_null or not nulls) and _is_plain(inner.element_type, nulls=nulls)
        case "map":
            parts = (message.map.key_type, message.map.value_type)
            return (message.map.value_contains_null or not nulls) and all(
                _is_plain(one, nulls=nulls) for one in parts
            )
        case "struct":
            return bool(message.struct.fields) and all(
                (one.nullable or not nulls) and _is_plain(one.data_type, nulls=nulls)
                for one in message.struct.fields
            )
        case "string":
            return message.string.collation in ("", "UTF8_BINARY")
        case kind:
            return kind in _PLAIN


def _shown(message: pb.DataType) -> str:
    return str(message.WhichOneof("kind") or "nothing").replace("_", " ")


class Lying(Exception):
    """What came is not what honest functions give; the text says why."""


def read_results(data: bytes, types: Sequence[pb.DataType], rows: int | None) -> ResultColumns:
    """Take the results of functions.

    Args:
        data: the stream that a worker sent.
        types: what the functions declare.
        rows: how many rows they were applied to; None: whoever asks counts them.

    Raises:
        Lying: it is anything else.
    """
    expected = [result_type(one) for one in types]
    try:
        with _judged():
            shape = _shape_of(data, 2 * (rows or 0) + _SPARE_MESSAGES)
            if rows is not None and shape.rows != rows:
                raise Lying(f"{shape.rows} rows for {rows}")
            reader = _reader(data)
            if list(reader.schema.types) != expected:
                raise Lying(f"columns of {[str(one)[:60] for one in reader.schema.types][:10]}")
            return _results(data, [batch.columns for batch in _validated(reader)], expected)
    except TooManyBatches as found:
        raise Lying(str(found)) from None


def read_frames(data: bytes, output: pb.DataType) -> ResultColumns:
    """Take the rows that a function of DataFrames gave.

    Args:
        data: the streams that a worker sent; nothing at all is no rows.
        output: the type that the function declares, a struct.

    Raises:
        Lying: it is anything else.
        TooManyBatches: it is in too many pieces.
        PlanRefused: a column holds a null that its type does not allow.
    """
    expected = [result_type(field.data_type) for field in output.struct.fields]
    if not data:
        return ResultColumns(tuple(pa.chunked_array([], kind) for kind in expected), 0)
    with _judged():
        _shape_of(data, _MOST_BATCHES)
        reader = _reader(data)
        [made] = reader.schema.types
        if not pa.types.is_struct(made) or [field.type for field in made] != expected:
            raise Lying(f"columns of {str(made)[:200]}")
        batches = list[list[pa.Array]]()
        for batch in _validated(reader):
            if batch.column(0).null_count:
                raise Lying("a row that is null")
            batches.append(batch.column(0).flatten())
        results = _results(data, batches, expected)
    for column, field in zip(results.columns, output.struct.fields, strict=True):
        if column.null_count and not field.nullable:
            raise PlanRefused(
                "udf-refused",
                f"a function of the metric gives a null for {field.name!r}, which it declares as NOT NULL",
                "leave NOT NULL out of the type, or give a value",
            )
    return results


@contextlib.contextmanager
def _judged() -> Iterator[None]:
    """Tell what is no honest stream from the one thing that an honest function may do: give many batches."""
    try:
        yield
    except TooManyBatches:
        raise
    except NotPlain as found:
        raise Lying(str(found)) from None
    except (pa.ArrowException, ValueError, OSError, OverflowError, RecursionError):
        raise Lying("values that are none of their types") from None


def _shape_of(data: bytes, most_messages: int) -> StreamShape:
    shape = read_shape(data, most_messages=most_messages, most_facts=MAX_LOCAL_SCHEMA_BYTES)
    if shape.values > _MOST_VALUES:
        raise Lying(f"{shape.values} values")
    return shape


def _reader(data: bytes) -> pa.RecordBatchReader:
    return pa.ipc.open_stream(pa.py_buffer(data), options=pa.ipc.IpcReadOptions(use_threads=False))


def _validated(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    for batch in reader:
        batch.validate(full=True)
        yield batch


def _results(
    data: bytes, batches: Sequence[Sequence[pa.Array]], types: Sequence[pa.DataType]
) -> ResultColumns:
    """The columns of all batches, in types that carry nothing that came with them."""
    columns = (
        pa.chunked_array([batch[place].cast(kind) for batch in batches], kind)
        for place, kind in enumerate(types)
    )
    return ResultColumns(tuple(columns), len(data))


def local_relation(
    names: Sequence[str], columns: Sequence[pa.ChunkedArray], fields: Sequence[pa.Field]
) -> pb.Relation:
    """Local data of columns.

    Args:
        names: of the columns.
        columns: their values.
        fields: tell whether they may be null.
    """
    schema = pa.schema(
        [
            pa.field(name, column.type, one.nullable)
            for name, column, one in zip(names, columns, fields, strict=True)
        ]
    )
    table = pa.Table.from_arrays(list(columns), schema=schema).combine_chunks()
    relation = pb.Relation()
    relation.local_relation.data = arrow_stream(table).to_pybytes()
    return relation
