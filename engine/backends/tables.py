"""The whole answer of a query of the engine's own making, as one Arrow table."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.errors import BackendLost


class TooLarge(Exception):
    """An answer has more Arrow bytes than its asker keeps; the query has ended."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer.

    Attributes:
        schema: its type, a struct, as the backend tells it; empty if it did not.
        table: its rows, in the order in which they came.
    """

    schema: pb.DataType
    table: pa.Table


def fetch(
    session: BackendSession,
    relation: pb.Relation,
    *,
    deadline: float,
    cancel: threading.Event,
    most_bytes: int | None = None,
) -> Fetched:
    """Run a plan and keep its rows.

    Args:
        session: where to run it.
        relation: bound.
        deadline: monotonic seconds at which it is stopped.
        cancel: stops it once set.
        most_bytes: Arrow bytes that may be kept; None: any number.

    Raises:
        TooLarge: it has more. It is read to its end all the same, for not every backend can be stopped.
        BackendError, BackendLost, Interrupted: as `BackendSession.execute`. An answer that was lost when it
            was partly there is asked for once more.
    """
    try:
        return _fetch(session, relation, deadline, cancel, most_bytes)
    except BackendLost as lost:
        if lost.alone:
            raise
    return _fetch(session.apart(), relation, deadline, cancel, most_bytes)


def _fetch(
    session: BackendSession,
    relation: pb.Relation,
    deadline: float,
    cancel: threading.Event,
    most_bytes: int | None,
) -> Fetched:
    plan = pb.Plan()
    plan.root.CopyFrom(relation)  # Plan(root=...) would stop at 100 nested messages
    schema, tables, chunks, size = pb.DataType(), list[pa.Table](), list[bytes](), 0
    for response in session.execute(plan, deadline=deadline, cancel=cancel):
        if response.HasField("schema"):
            schema = response.schema
        if not response.HasField("arrow_batch"):
            continue
        size += len(response.arrow_batch.data)
        if most_bytes is not None and size > most_bytes:
            tables.clear()
            continue
        chunks.append(response.arrow_batch.data)
        if len(chunks) >= response.arrow_batch.num_chunks_in_batch:
            with pa.ipc.open_stream(b"".join(chunks) if len(chunks) > 1 else chunks[0]) as reader:
                tables.append(reader.read_all())
            chunks.clear()
    if most_bytes is not None and size > most_bytes:
        raise TooLarge
    return Fetched(schema, pa.concat_tables(tables))
