"""The queries that answer a question for many frames, and their answers split by frame."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.connect.proto as pb

from engine.backends.sql import RowBatch, SqlSession
from engine.backends.tables import TableTooLarge
from engine.frames import Family, frame_keys, frames_of
from engine.frames.build import Literal, filtered, literal
from engine.frames.not_fusable import NotFusable
from engine.queries.answers import FrameNumbers, place_rows
from engine.queries.asking import MAX_BYTES, Asker, FrameSource, asking
from engine.queries.batches import table_batches
from engine.queries.carried import Reply
from engine.queries.key_columns import flat
from engine.queries.rows import SplitRows
from engine.snowflake.fusion import add_group_keys
from engine.snowflake.text import CheckedQuery
from engine.tenants.ledger import Account
from engine.writing import struct_of
from sandbox.contract.messages import Described

# No guest's name and no column of data begins like this; see `engine.snowflake.text.names`.
_KEY: Final = "_CALCMETRIC_K"


@dataclass(frozen=True, slots=True)
class SqlAnswer:
    """What one frame gets.

    Attributes:
        described: the columns of the guest's own query.
        table: their values.
    """

    described: Described
    table: pa.Table

    def replies(self) -> Iterator[Reply]:
        """What the worker gets."""
        yield self.described
        yield from table_batches(self.table)


class Keyed:
    """The answers of many frames. Thread-safe."""

    def __init__(
        self, described: Described, own: pa.Table, frames: Callable[[Family], FrameNumbers], account: Account
    ) -> None:
        self._described = described
        schema = struct_of(described.columns)
        self._rows = SplitRows(schema, own, lambda _, family: frames(family), account)
        self._lock = threading.Lock()

    def answer(self, number: int, family: Family, frame: int) -> SqlAnswer | None:
        """The answer of a frame; None if there is no row of it.

        Args:
            number: the index of the frame's family.
            family: the family that the frame is in.
            frame: the frame's index.

        Raises:
            NotFusable: there is no room for a split.
        """
        with self._lock:
            found = self._rows.split(number, family).answer(frame)
        return None if found is None else SqlAnswer(self._described, found.table)


class SharedAsking:
    """Asks for many frames at once, in half of the time that the asker has."""

    def __init__(self, source: FrameSource, session: SqlSession) -> None:
        self._source = source
        self._session = session
        self._keys = frame_keys(source.plan)

    def ask_rows(self, query: CheckedQuery, asker: Asker) -> Keyed:
        """The rows of every frame.

        Raises:
            NotFusable: the query failed, took too long, or gave too much.
            BackendLost, Interrupted: as `BackendSession.execute`.
        """
        described, own, carried = self._fetch(query, self._source.full, range(len(self._keys)), asker)
        columns = [pc.dictionary_encode(key, null_encoding="encode") for key in carried]
        account = self._source.account
        return Keyed(described, own, lambda family: place_rows(family, columns, own.num_rows), account)

    def ask_family(self, query: CheckedQuery, family: Family, asker: Asker) -> Keyed:
        """The answers of a family's frames; errors as of `ask_rows`."""
        base = filtered(self._source.full, family.inside)
        described, own, carried = self._fetch(query, base, family.keys, asker)
        return Keyed(described, own, lambda one: frames_of(one, carried), self._source.account)

    def ask_empty(self, query: CheckedQuery, asker: Asker) -> SqlAnswer:
        """What the query gives where there are no rows; errors as of `ask_rows`."""
        nothing = filtered(self._source.relation, literal(Literal(boolean=False)))
        writer, context = self._session.writer, asker.context
        frame = writer.frame_query(nothing, context)
        described, table = self._run(writer.emit(query, frame), asker)
        return SqlAnswer(described, table)

    def _fetch(
        self, query: CheckedQuery, base: pb.Relation, places: Sequence[int], asker: Asker
    ) -> tuple[Described, pa.Table, list[pa.Array]]:
        """Run the query with keys; return the guest's own columns, their values, and the keys."""
        writer, names = self._session.writer, [f"{_KEY}{place}" for place in places]
        keyed = writer.keyed_query(
            base, [(name, self._keys[i]) for name, i in zip(names, places, strict=True)], asker.context
        )
        described, table = self._run(writer.emit(add_group_keys(query, names), keyed), asker)
        found = [column.name for column in described.columns]
        if any(found.count(name) != 1 for name in names):
            raise NotFusable("an answer without its keys")
        own = [place for place, name in enumerate(found) if name not in names]
        carried = [flat(_whole(table.column(found.index(name)))) for name in names]
        return Described(tuple(described.columns[place] for place in own)), table.select(own), carried

    def _run(self, text: str, asker: Asker) -> tuple[Described, pa.Table]:
        account = self._source.account
        described, tables, size = Described(()), list[pa.Table](), 0
        kept = False
        try:
            with asking(asker) as context:
                for part in self._session.run(text, context):
                    if not isinstance(part, RowBatch):
                        described = part
                        continue
                    if size + len(part.data) > MAX_BYTES or not account.take(len(part.data)):
                        raise TableTooLarge
                    size += len(part.data)
                    with pa.ipc.open_stream(part.data) as reader:
                        tables.append(reader.read_all())
            kept = True
        finally:
            if not kept:
                account.give(size)
        return described, pa.concat_tables(tables, promote_options="permissive")


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A key: whole numbers come as decimals from Snowflake."""
    if pa.types.is_decimal(column.type) and column.type.scale == 0:
        return column.cast(pa.int64())
    return column
