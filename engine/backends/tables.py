"""The whole answer of a query of the engine's own making, as one Arrow table."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.backends.connect.completeness import check_rows
from engine.context import QueryContext
from engine.errors import BackendLost
from engine.tenants.ledger import Account


class TableTooLarge(Exception):
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
    context: QueryContext,
    most_bytes: int | None = None,
    account: Account | None = None,
) -> Fetched:
    """Run a plan and keep its rows.

    Args:
        session: where to run it.
        relation: bound.
        context: how it is asked.
        most_bytes: Arrow bytes that may be kept; None: any number.
        account: they are taken from it, and stay taken; None: they are nobody's.

    Raises:
        TooLarge: it has more, or there is no room in the account. It is read to its end all the same, for not
            every backend can be stopped.
        BackendError, BackendLost, Interrupted: as `BackendSession.execute`. An answer that was lost when it
            was partly there is asked for once more.
    """
    try:
        return _charged(session, relation, context, most_bytes, account)
    except BackendLost as lost:
        if lost.by_this_query:
            raise
    return _charged(session, relation, context.isolate(), most_bytes, account)


def stream(
    session: BackendSession, relation: pb.Relation, context: QueryContext
) -> tuple[pb.DataType, Iterator[pa.Table]]:
    """Run a plan; its type, and its rows as they come.

    Args:
        session: where to run it.
        relation: bound.
        context: how it is asked.

    Raises:
        BackendError, BackendLost, Interrupted: as `BackendSession.execute`; also while the rows come.
    """
    plan = pb.Plan()
    plan.root.CopyFrom(relation)  # Plan(root=...) would stop at 100 nested messages
    responses = session.execute(plan, context)
    early = list[pb.ExecutePlanResponse]()
    for response in responses:
        early.append(response)
        if response.HasField("schema"):
            return response.schema, _tables(itertools.chain(early, responses))
    return pb.DataType(), _tables(iter(early))


def _tables(responses: Iterator[pb.ExecutePlanResponse]) -> Iterator[pa.Table]:
    """The rows of responses, batch by batch."""
    chunks = list[bytes]()
    for response in responses:
        if not response.HasField("arrow_batch"):
            continue
        chunks.append(response.arrow_batch.data)
        if len(chunks) < response.arrow_batch.num_chunks_in_batch:
            continue
        with pa.ipc.open_stream(b"".join(chunks) if len(chunks) > 1 else chunks[0]) as reader:
            table = reader.read_all()
        chunks.clear()
        check_rows(table.num_rows, response.arrow_batch.row_count)
        yield table


def _charged(
    session: BackendSession,
    relation: pb.Relation,
    context: QueryContext,
    most_bytes: int | None,
    account: Account | None,
) -> Fetched:
    taken = 0

    def take(size: int) -> bool:
        nonlocal taken
        fits = most_bytes is None or taken + size <= most_bytes
        if fits and account is not None:
            fits = account.take(size)
        taken += size if fits else 0
        return fits

    try:
        return _fetch(session, relation, context, take)
    except BaseException:
        if account is not None:
            account.give(taken)
        raise


def _fetch(
    session: BackendSession, relation: pb.Relation, context: QueryContext, take: Callable[[int], bool]
) -> Fetched:
    plan = pb.Plan()
    plan.root.CopyFrom(relation)  # Plan(root=...) would stop at 100 nested messages
    schema, tables, fits = pb.DataType(), list[pa.Table](), True

    def fitting() -> Iterator[pb.ExecutePlanResponse]:
        nonlocal schema, fits
        for response in session.execute(plan, context):
            if response.HasField("schema"):
                schema = response.schema
            if not response.HasField("arrow_batch"):
                continue
            fits = fits and take(len(response.arrow_batch.data))
            if fits:
                yield response
            else:
                tables.clear()

    for table in _tables(fitting()):
        tables.append(table)
    if not fits:
        raise TableTooLarge
    return Fetched(schema, pa.concat_tables(tables))
