"""Opening a dataset for a run: what it is, its columns, the frames asked for, and their rows."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.backends.base import Backend, BackendSession
from engine.backends.remote import CallerSession
from engine.errors import BackendError, BackendLost, BackendStartError, DataError
from engine.frames import (
    FramePlan,
    FrameSet,
    check_term_types,
    count_queries,
    interpret_counts,
    plan_frames,
    term_probe,
)
from engine.gateway.explain import clean
from engine.relations import with_schema
from engine.runs.job import Job
from engine.sources.resolve import resolve_source
from engine.sources.spool import Spool
from engine.sql import inspect_expression

_DETAIL_CHARS = 300


@dataclass(frozen=True, slots=True)
class Opened:
    """A dataset, opened and counted.

    Attributes:
        session: the run's session on the backend.
        backend: its name.
        relation: all rows of the dataset.
        columns: the names of its columns.
        plan: what the run covers.
        frames: its frames, their rows, and what is cut.
        queries: how many were needed to find out.
    """

    session: BackendSession
    backend: str
    relation: pb.Relation
    columns: frozenset[str]
    plan: FramePlan
    frames: FrameSet
    queries: int


def open_dataset(
    job: Job,
    backend: Backend,
    spool: Spool,
    roots: tuple[Path, ...] | None,
    stack: contextlib.ExitStack,
    *,
    deadline: float,
    cancel: threading.Event,
) -> Opened:
    """Open a job's dataset, check what was asked against it, and count.

    Args:
        job: what was asked.
        backend: reads it, unless it brings a session of its own.
        spool: takes a table that the caller handed over.
        roots: folders that a local backend may read; None if the backend is elsewhere.
        stack: is given what must be released.
        deadline: monotonic seconds at which counting is given up.
        cancel: stops counting once set.

    Raises:
        UsageError, DataError: what was asked does not fit the data.
        BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
    """
    source = resolve_source(job.dataset.source, roots=roots, spool=spool)
    stack.callback(source.release)
    if source.caller_session is not None:
        backend = CallerSession(source.caller_session)
    session = backend.open_session()
    stack.callback(session.close)
    try:
        schema = _fetch_schema(session, source.relation)
        relation = with_schema(source.relation, schema) if source.inferred else source.relation
    except BackendError as error:
        raise _data_error(error, source.label) from None
    columns = frozenset(field.name for field in schema.struct.fields)
    if not columns:
        raise DataError(f"{source.label} has no columns; is the file empty?")
    plan = plan_frames(
        schema,
        job.dataset,
        segments=job.segments,
        time=job.time,
        every=job.every,
        zone=job.zone,
        as_of=job.as_of,
        check_expression=lambda text: inspect_expression(text, columns=columns).text,
    )
    _check_terms(session, plan, relation)
    queries = count_queries(plan, relation)
    try:
        tables = [_fetch_table(session, query, deadline, cancel) for query in queries]
    except BackendError as error:
        raise _data_error(error, source.label) from None
    counted = interpret_counts(plan, tables)
    return Opened(session, backend.name, relation, columns, plan, counted, len(queries))


def _check_terms(session: BackendSession, plan: FramePlan, relation: pb.Relation) -> None:
    """See that the Boolean expressions of segments mean something on these columns."""
    probe = term_probe(plan, relation)
    if probe is None:
        return
    try:
        check_term_types(plan, _fetch_schema(session, probe))
    except BackendError as error:
        raise _data_error(error, "the expression of a segment") from None


def _fetch_schema(session: BackendSession, relation: pb.Relation) -> pb.DataType:
    request = pb.AnalyzePlanRequest()
    request.schema.plan.root.CopyFrom(relation)
    return session.analyze(request).schema.schema


def _fetch_table(
    session: BackendSession, relation: pb.Relation, deadline: float, cancel: threading.Event
) -> pa.Table:
    """The few rows of a query of the engine's own making."""
    tables, chunks = [], list[bytes]()
    plan = pb.Plan()
    plan.root.CopyFrom(relation)
    for response in session.execute(plan, deadline=deadline, cancel=cancel):
        if response.HasField("arrow_batch"):
            chunks.append(response.arrow_batch.data)
            if len(chunks) >= response.arrow_batch.num_chunks_in_batch:
                with pa.ipc.open_stream(b"".join(chunks)) as reader:
                    tables.append(reader.read_all())
                chunks.clear()
    return pa.concat_tables(tables)


def _data_error(error: BackendError, what: str) -> BackendError | DataError:
    """What to raise when a dataset cannot be read: the reason, in words for the caller."""
    if isinstance(error, (BackendLost, BackendStartError)):
        return error
    reason = clean(error.detail.strip().partition("\n")[0], _DETAIL_CHARS)
    return DataError(f"{what} cannot be read: {reason}")
