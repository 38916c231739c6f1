"""Opening a dataset: what it is, its columns, and what a run covers of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyspark.sql.connect.proto as pb

from engine.backends.base import Backend, BackendSession
from engine.backends.remote import CallerSession
from engine.backends.spark import LocalSpark
from engine.backends.sql import SqlBackend
from engine.backends.sql_session import DirectSqlSession
from engine.errors import BackendError, BackendLost, BackendStartError, DataError, UsageError
from engine.frames import FramePlan, check_term_types, plan_frames, term_probe
from engine.frames.build import limited
from engine.gateway.explain import clean
from engine.relations import with_schema
from engine.runs.job import Job
from engine.sharing.queries import Source
from engine.sources.resolve import resolve_source
from engine.sources.spool import Spool
from engine.sql import inspect_expression

_DETAIL_CHARS = 300


@dataclass(frozen=True, slots=True)
class Opened:
    """A dataset, opened.

    Attributes:
        source: its rows, and what the run covers of them.
        backend: the name of the backend that reads it.
        label: what messages call it.
    """

    source: Source
    backend: str
    label: str


def open_dataset(
    job: Job, backend: Backend, spool: Spool, roots: tuple[Path, ...] | None, stack: contextlib.ExitStack
) -> Opened:
    """Open a job's dataset, and check what was asked against it.

    Args:
        job: what was asked.
        backend: reads it, unless it brings a session of its own.
        spool: takes a table that the caller handed over.
        roots: folders that a local backend may read; None if the backend is elsewhere.
        stack: is given what must be released.

    Raises:
        UsageError, DataError: what was asked does not fit the data.
        BackendError, BackendLost, Interrupted: as `BackendSession.analyze`.
    """
    found = resolve_source(job.dataset.source, roots=roots, spool=spool)
    stack.callback(found.release)
    if found.caller_session is not None:
        _refuse_snowpark(backend)
        backend = CallerSession(found.caller_session)
    spark = backend.name == LocalSpark.name
    session = backend.open_session(job.tenant)
    stack.callback(session.close)
    try:
        schema = _fetch_schema(session, found.relation)
        # Spark looks into the files for the schema of Parquet anew in each query, which takes 50 ms and more.
        spelled = found.inferred or (spark and found.relation.read.HasField("data_source"))
        relation = with_schema(found.relation, schema) if spelled else found.relation
        if job.dataset.rows is not None:
            relation = limited(relation, job.dataset.rows)
    except BackendError as error:
        raise data_error(error, found.label) from None
    columns = tuple(field.name for field in schema.struct.fields)
    if not columns:
        raise DataError(f"{found.label} has no columns; is the file empty?")
    plan = plan_frames(
        schema,
        job.dataset,
        segments=job.segments,
        time=job.time,
        every=job.every,
        zone=job.zone,
        as_of=job.as_of,
        check_expression=_checker(session, columns),
    )
    _check_terms(session, plan, relation)
    return Opened(Source(session, relation, schema, plan, spark), backend.name, found.label)


def _checker(session: BackendSession, columns: tuple[str, ...]) -> Callable[[str], str]:
    """What checks the Boolean expressions of segments, in the backend's own SQL."""
    if isinstance(session, DirectSqlSession):
        return session.writer.checked
    return lambda text: inspect_expression(text, columns=frozenset(columns)).text


def _check_terms(session: BackendSession, plan: FramePlan, relation: pb.Relation) -> None:
    """See that the Boolean expressions of segments mean something on these columns."""
    probe = term_probe(plan, relation)
    if probe is None:
        return
    try:
        check_term_types(plan, _fetch_schema(session, probe))
    except BackendError as error:
        raise data_error(error, "the expression of a segment") from None


def _refuse_snowpark(backend: Backend) -> None:
    if isinstance(backend, SqlBackend):
        raise UsageError(
            f"the backend {backend.name!r} gives metrics Snowpark frames; for a Spark DataFrame make an "
            "engine with a Spark backend"
        )


def _fetch_schema(session: BackendSession, relation: pb.Relation) -> pb.DataType:
    request = pb.AnalyzePlanRequest()
    request.schema.plan.root.CopyFrom(relation)
    return session.analyze(request).schema.schema


def data_error(error: BackendError, what: str) -> BackendError | DataError:
    """What to raise when a dataset cannot be read: the reason, in words for the caller."""
    if isinstance(error, (BackendLost, BackendStartError)):
        return error
    reason = clean(error.detail.strip().partition("\n")[0], _DETAIL_CHARS)
    return DataError(f"{what} cannot be read: {reason}")
