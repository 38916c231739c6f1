"""Rows that stream through functions of the author: from the backend to the worker, and with results away.

Nothing is held but what is on its way. What functions give stands beside the columns that are needed above
them, either in the plan itself, if it is little, or in a scratch file that the data engine reads, which is
removed when the question is answered.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds
import pyspark.sql.connect.proto as pb
from pyspark.sql.connect.types import proto_schema_to_pyspark_data_type

from engine.errors import PlanRefused
from engine.frames.relations import read_files
from engine.models.days import FIRST_ALIKE, LAST_ALIKE
from engine.sources.spool import Scratch, ScratchFile, ScratchFull
from engine.spark.functions import Incoming, Lying, Sample, TooLong, local_relation, recut, stream_of
from sandbox.contract.framing import ChannelGarbage

# Of rows that functions see and of what they give, in Arrow's form, where they travel in a plan; and what one
# batch may have, or what waits for results.
MOST_BYTES: Final = 64 << 20
# The same where they are put into files.
MOST_FILE_BYTES: Final = 8 << 30
# As many values are taken out of a plan natively; more are put into a file, if there is a place for files.
_MOST_VALUES: Final = 5_000
# In microseconds.
_DAY: Final = 86_400_000_000
# Rows that are written at once.
_GROUP_ROWS: Final = 1 << 17


class KeptResults:
    """Rows for the rest of a plan: kept in memory if they are few, else in a file.

    Attributes:
        rows: how many rows it holds so far.
        size: how many bytes these rows have, in Arrow's form.
        file: where they are; None: in memory.
    """

    def __init__(
        self,
        schema: pa.Schema,
        types: Sequence[pb.DataType],
        scratch: Scratch | None,
        *,
        always: bool = False,
    ) -> None:
        """Begin.

        Args:
            schema: of the rows.
            types: of the columns, as Spark has them.
            scratch: makes files; None: there is no place for any that the data engine reads.
            always: whether also few rows are put into a file.

        Raises:
            PlanRefused: they are, and there is none for rows of these types.
        """
        self._always = always
        self.rows = self.size = 0
        self.file: ScratchFile | None = None
        self._schema = schema
        self._types = types
        self._scratch = scratch if all(_is_flat(one.type) for one in schema) else None
        if always and self._scratch is None:
            raise too_large(MOST_BYTES)
        self._held = list[pa.Table]()
        self._held_rows = 0

    def add(self, columns: Sequence[pa.ChunkedArray]) -> None:
        """Take some more.

        Raises:
            PlanRefused: there is no room for them.
        """
        table = pa.Table.from_arrays(list(columns), schema=self._schema)
        self.rows += table.num_rows
        self.size += table.nbytes
        if self._scratch is not None and not all(map(_is_of_our_time, table.columns)):
            self._stay()
        self._held.append(table)
        self._held_rows += table.num_rows
        most = MOST_BYTES if self._scratch is None else MOST_FILE_BYTES
        if self.size > most:
            raise too_large(most)
        if self._scratch is not None and self._held_rows >= _GROUP_ROWS:
            self._write(self._scratch)

    def finish(self) -> None:
        """All have come.

        Raises:
            PlanRefused: there is no room for them.
        """
        much = self.rows * max(1, len(self._schema)) > _MOST_VALUES or self._always
        if self._scratch is not None and (self.file is not None or much):
            self._write(self._scratch)
            assert self.file is not None
            try:
                self.file.finish()
            except (OSError, pa.ArrowException) as error:
                raise _no_room(error) from None

    def remove(self) -> None:
        """Remove the file, if there is one. Never raises."""
        if self.file is not None:
            self.file.remove()

    def stub(self) -> pb.Relation:
        """What stands for them in a plan that is not checked yet: local data without rows, like no other."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self._schema.with_metadata({"file": uuid.uuid4().hex})):
            pass
        return pb.Relation(local_relation=pb.LocalRelation(data=sink.getvalue().to_pybytes()))

    def relation(self) -> pb.Relation:
        """What gives them; after `finish`."""
        if self.file is not None:
            return read_files("parquet", [str(self.file.path)], schema=self._spark_schema())
        columns = [pa.chunked_array(self._chunks(place), one.type) for place, one in enumerate(self._schema)]
        return local_relation(self._schema.names, columns, list(self._schema))

    def _stay(self) -> None:
        """Values came that a file does not say the same of to everybody: keep all in memory.

        Raises:
            PlanRefused: too much is in the file already.
        """
        if self.file is not None or self._always:
            raise too_large(MOST_BYTES)
        self._scratch = None

    def _chunks(self, place: int) -> list[pa.Array]:
        return [chunk for table in self._held for chunk in table.column(place).chunks]

    def _write(self, scratch: Scratch) -> None:
        held, self._held, self._held_rows = self._held, [], 0
        try:
            if self.file is None:
                self.file = scratch.new_file(self._schema)
            if held:
                self.file.write(pa.concat_tables(held).combine_chunks())
        except ScratchFull:
            raise too_large(scratch.most_bytes, "in files of one run") from None
        except (OSError, pa.ArrowException) as error:
            raise _no_room(error) from None

    def _spark_schema(self) -> str:
        made = pb.DataType()
        made.struct.SetInParent()
        for one, kind in zip(self._schema, self._types, strict=True):
            made.struct.fields.add(name=one.name, data_type=kind, nullable=True)
        json = proto_schema_to_pyspark_data_type(made).json()
        assert isinstance(json, str)
        return json


class FunctionStream:
    """Rows on their way through functions."""

    def __init__(
        self,
        tables: Iterable[pa.Table],
        arguments: Sequence[int],
        kept: Sequence[int],
        types: Sequence[pb.DataType],
        into: KeptResults,
        *,
        sample: Sample | None,
    ) -> None:
        """Begin.

        Args:
            tables: what the functions see, with what stands beside it; their first row is there.
            arguments: places of their arguments.
            kept: places of what stands beside the results.
            types: of the results.
            into: takes both.
            sample: is shown arguments and results; None: nobody looks at them.
        """
        self._tables = tables
        self._arguments = list(arguments)
        self._kept = list(kept)
        self._incoming = Incoming(types, MOST_BYTES)
        self._into = into
        self._sample = sample
        self._waiting = deque[pa.Table]()
        self._sent = self._given = self._waiting_bytes = 0
        self._all_sent = False

    def pieces(self, schema: pa.Schema) -> Iterator[bytes]:
        """The stream of the arguments.

        Args:
            schema: the names and Arrow types of the arguments.
        """
        return stream_of(schema, self._parts())

    def take(self, data: memoryview) -> bool:
        """Take what the functions gave next; always True: what is too much is refused.

        Raises:
            ChannelGarbage: no honest worker sends it.
            PlanRefused: the results are too large.
        """
        try:
            for columns in self._incoming.feed(data):
                self._join(columns)
        except Lying as lie:
            raise ChannelGarbage(f"results of functions: {lie}") from None
        except TooLong:
            raise too_large(MOST_BYTES) from None
        return True

    def finish(self) -> None:
        """The worker says that all is done.

        Raises:
            ChannelGarbage: the worker has not given a result for every row.
            PlanRefused: there is no room for the results.
        """
        try:
            self._incoming.close()
        except Lying as lie:
            raise ChannelGarbage(f"results of functions: {lie}") from None
        if not self._all_sent or self._given != self._sent:
            raise ChannelGarbage(f"results of functions: {self._given} rows for {self._sent}")
        self._into.finish()

    def _parts(self) -> Iterator[pa.Table]:
        for part in recut(self._tables):
            arguments, kept = part.select(self._arguments), part.select(self._kept)
            if self._sample is not None:
                self._sample.see(arguments)
            self._sent += part.num_rows
            if self._kept:
                self._waiting.append(kept)
                self._waiting_bytes += kept.nbytes
            if self._waiting_bytes > MOST_BYTES:
                raise too_large(MOST_BYTES)
            yield arguments
        self._all_sent = True

    def _join(self, columns: tuple[pa.ChunkedArray, ...]) -> None:
        rows = len(columns[0])
        if self._given + rows > self._sent:
            raise Lying(f"{self._given + rows} rows for {self._sent}")
        self._given += rows
        if not rows:
            return
        if self._sample is not None:
            self._sample.give(columns)
        self._into.add([*self._beside(rows), *columns])

    def _beside(self, rows: int) -> list[pa.ChunkedArray]:
        """The kept columns of the next rows."""
        if not self._kept:
            return []
        taken = list[pa.Table]()
        while rows:
            first = self._waiting.popleft()
            self._waiting_bytes -= first.nbytes
            if first.num_rows > rows:
                rest = first.slice(rows)
                self._waiting.appendleft(rest)
                self._waiting_bytes += rest.nbytes
                first = first.slice(0, rows)
            taken.append(first)
            rows -= first.num_rows
        return list(pa.concat_tables(taken).columns)


def too_large(most: int, where: str = "in one query") -> PlanRefused:
    """The refusal of what is more than so many bytes."""
    return PlanRefused(
        "plan-too-large",
        f"functions of the metric see or give more than {most >> 20:,} MiB {where}",
        "select the columns that they need, filter or aggregate before, or let them return less",
    )


def _no_room(error: Exception) -> PlanRefused:
    told = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return PlanRefused(
        "plan-too-large",
        f"what functions of the metric give cannot be put into a temporary file of the engine ({told})",
        "let them see fewer rows, or ask the operator for room in the folder for temporary files",
    )


def _is_of_our_time(column: pa.ChunkedArray) -> bool:
    """Whether a column has no days and instants that calendars differ about."""
    if not kinds.is_date(column.type) and not kinds.is_timestamp(column.type):
        return True
    days = kinds.is_date32(column.type)
    ends = pc.min_max(column.cast(pa.int32() if days else pa.int64())).as_py()
    each = 1 if days else _DAY
    return ends["min"] is None or (ends["min"] >= FIRST_ALIKE * each and ends["max"] < LAST_ALIKE * each)


def _is_flat(kind: pa.DataType) -> bool:
    """Whether values of a type are read from a file as they are everywhere."""
    return bool(
        kinds.is_boolean(kind)
        or kinds.is_integer(kind)
        or kinds.is_floating(kind)
        or kinds.is_decimal(kind)
        or kinds.is_string(kind)
        or kinds.is_binary(kind)
        or kinds.is_date(kind)
        or kinds.is_timestamp(kind)
    )
