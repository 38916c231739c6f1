"""Opening a dataset: what it is, its columns, and what a run covers of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from engine.backends.base import Backend, BackendSession
from engine.backends.connect.apache import is_apache_spark, other_server
from engine.backends.connect.remote import CallerSession
from engine.context import QueryContext
from engine.errors import (
    DataError,
    UsageError,
)
from engine.models.dataset import Dataset
from engine.models.left_out import LeftOut
from engine.models.tables import TableRead
from engine.queries.asking import FrameSource
from engine.runs.answer_counts import AnswerCounts
from engine.runs.data_errors import about_baseline
from engine.runs.differing import refuse_differing
from engine.runs.run_spec import RunSpec
from engine.runs.servers import Server
from engine.runs.session_reader import SessionReader, span_of
from engine.sources.resolve import resolve_source
from engine.sources.source import ResolvedSource
from engine.sources.spool import Scratch
from engine.sources.stores.fetched import Tell
from engine.sources.untyped import typed_like
from sandbox.contract.messages import Problem
from sandbox.contract.signature import TakesBaseline


@dataclass(frozen=True, slots=True)
class Opened:
    """A dataset, opened.

    Attributes:
        source: its rows, and what the run covers of them.
        backend: the name of the backend that reads it.
        label: what messages call it.
        left_out: columns of it that cannot be read, by name in lower case.
        answer_counts: by whom questions about it are answered.
        baseline: the run's baseline, whose segments are those that will be found in the data; None: no metric
            takes one.
        foreign: the address of the server that reads it, if that does not say that it is Apache Spark.
        tables: what it and its baseline are, if they are tables with versions.
        confirm: sees that files are as they were; raises DataError if not.
        scratch: for files that the backend reads; None if it reads none of ours.
    """

    source: FrameSource
    backend: str
    label: str
    left_out: Mapping[str, LeftOut]
    answer_counts: AnswerCounts
    baseline: FrameSource | None = None
    foreign: str = ""
    tables: tuple[TableRead, ...] = ()
    confirm: Callable[[], None] = lambda: None
    scratch: Scratch | None = None

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What a run over it should say."""
        left_out = tuple(column.warning for column in self.left_out.values())
        return (*left_out, other_server(self.foreign)) if self.foreign else left_out


class DatasetOpener:
    """Opens a run's data and its baseline, and checks what was asked against them. Used once."""

    def __init__(
        self,
        spec: RunSpec,
        server: Server,
        roots: tuple[Path, ...] | None,
        stack: contextlib.ExitStack,
        context: QueryContext,
        *,
        takers: Mapping[str, TakesBaseline],
        tell: Tell,
    ) -> None:
        """Open nothing yet.

        Args:
            spec: what was asked.
            server: reads it, unless it brings a session of its own.
            roots: folders that a local backend may read; None if the backend is elsewhere.
            stack: is given what must be released.
            context: how long it may take.
            takers: the metrics that take a baseline; none: it is not opened.
            tell: told how many objects were fetched from object stores, of how many.
        """
        self._spec = spec
        self._server = server
        self._roots = roots
        self._stack = stack
        self._context = context
        self._takers = takers
        self._tell = tell
        self._resolved: list[ResolvedSource] = []

    def open(self) -> Opened:
        """Open them.

        Raises:
            UsageError, DataError: what was asked does not fit the data, or the baseline does not.
            BackendError, BackendLost, Interrupted: as `BackendSession.analyze`.
        """
        spec, backend, spool = self._spec, self._server.backend, self._server.spool
        found = self._resolve(spec.dataset)
        if found.caller_session is not None:
            _refuse_snowpark(backend)
            backend = CallerSession(found.caller_session)
        session, answer_counts = backend.open_session(spec.tenant), AnswerCounts()
        self._stack.callback(session.close)
        context = self._context.told(answer_counts.note)
        reader = SessionReader(spec, session, context, own_spark=backend.capabilities.is_own_spark)
        relation, schema = reader.read(found, spec.dataset)
        spark = reader.own_spark or _is_spark(backend, session, context)
        plan = reader.plan(found, spec.dataset, relation, schema)
        source = FrameSource(session, relation, schema, plan, spark)
        baseline, more_left_out = self._open_baseline(reader, found, source)
        return Opened(
            source=source,
            backend=backend.name,
            label=found.label,
            left_out={**more_left_out, **found.left_out},
            answer_counts=answer_counts,
            baseline=baseline,
            foreign=backend.address if backend.capabilities.may_be_other and not spark else "",
            tables=self._tables(),
            confirm=self._confirm,
            scratch=None if backend.capabilities.remote else spool.open_scratch(self._stack),
        )

    def _open_baseline(
        self, reader: SessionReader, data: ResolvedSource, source: FrameSource
    ) -> tuple[FrameSource | None, Mapping[str, LeftOut]]:
        """The baseline, if a metric takes one, and columns that can be read of the data alone."""
        baseline = self._spec.baseline
        if not self._takers or baseline is None:
            return None, {}
        if baseline.dataset is None:
            return replace(source, plan=reader.plan_part(baseline, source)), {}
        with about_baseline():
            found = self._resolve(typed_like(baseline.dataset, source.schema))
            if found.caller_session is not data.caller_session:
                raise DataError("it and the data have to be DataFrames of one session, or neither may be one")
            relation, schema = reader.read(found, baseline.dataset)
            refuse_differing(source.schema, schema, self._takers)
            reader.narrow(source, schema)
            plan = reader.plan(found, baseline.dataset, relation, schema, windows=False, like=source.plan)
            other = replace(source, relation=relation, schema=schema, plan=plan)
        return other, found.left_out

    def _resolve(self, dataset: Dataset) -> ResolvedSource:
        """Find out what the source of a dataset is.

        Raises:
            UsageError, DataError, Interrupted: as `resolve_source`.
        """
        found = resolve_source(
            dataset.source,
            roots=self._roots,
            spool=self._server.spool,
            reader=self._server.backend.capabilities.reader,
            text=dataset.text,
            version=dataset.table_version,
            span=span_of(self._spec, dataset),
            stores=self._server.stores,
            check=self._context.check,
            tell=self._tell,
        )
        self._stack.callback(found.release)
        self._resolved.append(found)
        return found

    def _confirm(self) -> None:
        """See that files are as they were; raises DataError if not."""
        for one in self._resolved:
            one.confirm()

    def _tables(self) -> tuple[TableRead, ...]:
        """What was read that is a table with versions; a baseline is marked as one."""
        data, *others = [one.table for one in self._resolved]
        marked = [replace(table, part="baseline") for table in others if table is not None]
        return (*([] if data is None else [data]), *marked)


def _is_spark(backend: Backend, session: BackendSession, context: QueryContext) -> bool:
    """Whether a server that is not ours says that it is Spark; what reads no Spark plans is not asked."""
    return backend.capabilities.may_be_other and is_apache_spark(backend.address, session, context)


def _refuse_snowpark(backend: Backend) -> None:
    if backend.capabilities.speaks_sql:
        raise UsageError(
            f"the backend {backend.name!r} gives metrics Snowpark frames; for a Spark DataFrame make an "
            "engine with a Spark backend"
        )
