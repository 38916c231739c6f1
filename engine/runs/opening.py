"""Opening a dataset: what it is, its columns, and what a run covers of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import pyspark.sql.connect.proto as pb

from engine.backends.base import Backend, BackendSession
from engine.backends.connect.apache import is_apache_spark, other_server
from engine.backends.connect.remote import CallerSession
from engine.backends.connect.tables import fetch
from engine.context import QueryContext
from engine.errors import (
    BackendError,
    BackendLost,
    BackendStartError,
    DataError,
    ParamsRefused,
    UsageError,
)
from engine.failures import clean
from engine.frames import FramePlan, check_term_types, plan_frames, term_probe
from engine.frames.baseline import check_first, group_differences, plan_first, plan_previous
from engine.frames.build import aggregated, call, column, filtered, limited, named, projected
from engine.frames.fields import find_field
from engine.frames.normal import normal
from engine.frames.plan import run_range
from engine.frames.relations import unpruned, with_schema
from engine.models.baseline import Baseline
from engine.models.dataset import Dataset
from engine.models.durations import parse_zone
from engine.models.left_out import LeftOut
from engine.models.parameters import Bound
from engine.models.tables import TableRead
from engine.queries.asking import Source
from engine.runs.answer_counts import AnswerCounts
from engine.runs.differing import refuse_differing
from engine.runs.run_spec import RunSpec
from engine.runs.unreadable import explain_left_out
from engine.sources.kinds import Reader
from engine.sources.resolve import resolve_source
from engine.sources.source import Source as Resolved
from engine.sources.spool import Scratch, Spool
from engine.sources.stores.fetched import Tell, nobody
from engine.sources.stores.stores import Stores
from engine.sources.tables.skipping import Span
from engine.sources.untyped import typed_like
from engine.spark.text import inspect_expression
from engine.wording import joined, message_of
from sandbox.contract.messages import Problem
from sandbox.contract.signature import TakesBaseline

_DETAIL_CHARS = 300
# What servers say of a disk, and what to do.
_FULL = "No space left on device"
_ROOM = "free some; a local one uses the folder for temporary files, which TMPDIR names"


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

    source: Source
    backend: str
    label: str
    left_out: Mapping[str, LeftOut]
    answer_counts: AnswerCounts
    baseline: Source | None = None
    foreign: str = ""
    tables: tuple[TableRead, ...] = ()
    confirm: Callable[[], None] = lambda: None
    scratch: Scratch | None = None

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What a run over it should say."""
        left_out = tuple(column.warning for column in self.left_out.values())
        return (*left_out, other_server(self.foreign)) if self.foreign else left_out


@dataclass(slots=True)
class _Sources:
    """What a run reads, resolved one after the other.

    Attributes:
        spec: what was asked.
        spool: takes a table that the caller handed over.
        roots: folders that a local backend may read; None if the backend is elsewhere.
        stack: is given what must be released.
        context: how long it may take.
        stores: the object stores that a local backend's data may lie in.
        tell: told how many objects were fetched from them, of how many.
        reader: what reads the files.
        every: what was resolved, the data first.
    """

    spec: RunSpec
    spool: Spool
    roots: tuple[Path, ...] | None
    stack: contextlib.ExitStack
    context: QueryContext
    stores: Stores | None
    tell: Tell
    reader: Reader
    every: list[Resolved] = field(default_factory=list)

    def resolve(self, dataset: Dataset) -> Resolved:
        """Find out what the source of a dataset is.

        Raises:
            UsageError, DataError, Interrupted: as `resolve_source`.
        """
        found = resolve_source(
            dataset.source,
            roots=self.roots,
            spool=self.spool,
            reader=self.reader,
            text=dataset.text,
            version=dataset.table_version,
            span=_span(self.spec, dataset),
            stores=self.stores,
            check=self.context.check,
            tell=self.tell,
        )
        self.stack.callback(found.release)
        self.every.append(found)
        return found

    def confirm(self) -> None:
        """See that files are as they were; raises DataError if not."""
        for one in self.every:
            one.confirm()

    def tables(self) -> tuple[TableRead, ...]:
        """What was read that is a table with versions; a baseline is marked as one."""
        data, *others = [one.table for one in self.every]
        marked = [replace(table, part="baseline") for table in others if table is not None]
        return (*([] if data is None else [data]), *marked)


def open_dataset(
    spec: RunSpec,
    backend: Backend,
    spool: Spool,
    roots: tuple[Path, ...] | None,
    stack: contextlib.ExitStack,
    context: QueryContext,
    takers: Mapping[str, TakesBaseline] = MappingProxyType({}),
    stores: Stores | None = None,
    tell: Tell = nobody,
) -> Opened:
    """Open a run's dataset and its baseline, and check what was asked against them.

    Args:
        spec: what was asked.
        backend: reads it, unless it brings a session of its own.
        spool: takes a table that the caller handed over.
        roots: folders that a local backend may read; None if the backend is elsewhere.
        stack: is given what must be released.
        context: how long it may take.
        takers: the metrics that take a baseline; none: it is not opened.
        stores: the object stores that a local backend's data may lie in.
        tell: told how many objects were fetched from them, of how many.

    Raises:
        UsageError, DataError: what was asked does not fit the data, or the baseline does not.
        BackendError, BackendLost, Interrupted: as `BackendSession.analyze`.
    """
    sources = _Sources(spec, spool, roots, stack, context, stores, tell, backend.capabilities.reader)
    found = sources.resolve(spec.dataset)
    if found.caller_session is not None:
        _refuse_snowpark(backend)
        backend = CallerSession(found.caller_session)
    ours = backend.capabilities.is_own_spark
    session, answer_counts = backend.open_session(spec.tenant), AnswerCounts()
    stack.callback(session.close)
    context = context.told(answer_counts.note)
    relation, schema = _read(session, found, spec.dataset, context, ours=ours)
    spark = ours or _is_spark(backend, session, context)
    plan = _plan(session, spec, spec.dataset, found, schema, windows=True)
    _check_terms(session, plan, relation, found.left_out, context)
    source = Source(session, relation, schema, plan, spark)
    left_out, baseline = found.left_out, None
    if takers and spec.baseline is not None:
        if spec.baseline.dataset is None:
            baseline = replace(source, plan=_plan_of_same_data(spec, spec.baseline, source, context))
        else:
            with _about_baseline():
                other = sources.resolve(typed_like(spec.baseline.dataset, schema))
                baseline = _open_other(
                    spec, spec.baseline.dataset, other, found, source, takers, context, ours=ours
                )
            left_out = {**other.left_out, **left_out}
    foreign = backend.address if backend.capabilities.may_be_other and not spark else ""
    scratch = None if backend.capabilities.remote else spool.open_scratch(stack)
    return Opened(
        source,
        backend.name,
        found.label,
        left_out,
        answer_counts,
        baseline,
        foreign,
        sources.tables(),
        sources.confirm,
        scratch,
    )


def _read(
    session: BackendSession, found: Resolved, dataset: Dataset, context: QueryContext, *, ours: bool
) -> tuple[pb.Relation, pb.DataType]:
    """The rows of a dataset as queries read them, and their type."""
    try:
        schema = _fetch_schema(session, found.relation, context)
        # Spark looks into the files for the schema of Parquet anew in each query, which takes 50 ms and more.
        spelled = found.inferred or (ours and _is_unspelled(found.relation))
        relation = with_schema(found.relation, schema) if spelled else found.relation
        if session.sql is None:
            relation = unpruned(relation, schema, found.early)
        if found.order:
            relation, schema = _in_order(relation, schema, found.order)
        if dataset.rows is not None:
            relation = limited(relation, dataset.rows)
    except BackendError as error:
        raise data_error(error, found.label) from None
    if not schema.struct.fields:
        raise DataError(f"{found.label} has no columns; is the file empty?")
    return relation, schema


def _in_order(
    relation: pb.Relation, schema: pb.DataType, order: Sequence[str]
) -> tuple[pb.Relation, pb.DataType]:
    """The same rows with their columns in an order; to Snowpark all names are in capital letters."""
    places = {field.name.upper(): field for field in schema.struct.fields}
    places |= {field.name: field for field in schema.struct.fields}
    fields = [places.get(name) or places[name.upper()] for name in order]
    ordered = pb.DataType(struct=pb.DataType.Struct(fields=fields))
    return projected(relation, [column(field.name) for field in fields]), ordered


def _plan(
    session: BackendSession,
    spec: RunSpec,
    dataset: Dataset,
    found: Resolved,
    schema: pb.DataType,
    *,
    windows: bool,
) -> FramePlan:
    """What a run covers of a dataset: in its time range and windows, or of all that there is."""
    columns = tuple(field.name for field in schema.struct.fields)
    try:
        return plan_frames(
            schema,
            dataset,
            segments=spec.segments,
            time=spec.time if windows else None,
            every=spec.every if windows else None,
            zone=spec.zone,
            as_of=_as_of(spec),
            check_expression=_checker(session, columns),
        )
    except DataError as error:
        raise explain_left_out(str(error), "timestamp or segments", found.left_out) or error from None


def _span(spec: RunSpec, dataset: Dataset) -> Span | None:
    """The range of time that all rows of a dataset lie in that a run looks at; None: it may be any."""
    if dataset.timestamp is None or dataset.rows is not None:  # so many rows, wherever they are
        return None
    # A baseline that is a part of the data lies within the retention, but not within the time range.
    own = dataset is spec.dataset and (spec.baseline is None or spec.baseline.dataset is not None)
    try:
        start, end = run_range(dataset, spec.time if own else None, _as_of(spec), spec.zone)
    except UsageError:  # which is told once the columns are known, with all else
        return None
    return Span(dataset.timestamp, start, end)


def _as_of(spec: RunSpec) -> datetime | None:
    return spec.as_of if spec.as_of is not None or spec.time is None else spec.time.as_of


def _plan_of_same_data(spec: RunSpec, baseline: Baseline, source: Source, context: QueryContext) -> FramePlan:
    """The plan of a baseline that is a part of the data itself."""
    plan, zone, as_of = source.plan, parse_zone(spec.zone), source.plan.time.as_of
    retention = spec.dataset.retention_length
    oldest = None if retention is None or as_of is None else retention.before(as_of, zone)
    if baseline.length is None:
        return plan_previous(plan, spec.every, zone, oldest)
    clock = check_first(plan.clock)
    within = clock.interval(oldest, as_of)
    smallest = [named(call("min", clock.field.expression), "t")]
    query = aggregated(filtered(source.relation, clock.inside(within)), [], smallest)
    try:
        table = fetch(source.session, query, context).table
    except BackendError as error:
        raise data_error(error, "the oldest row of the data") from None
    first = normal(table.column(0)).to_pylist() if table.num_rows else [None]
    return plan_first(plan, baseline.length, first[0], within)


@contextlib.contextmanager
def _about_baseline() -> Iterator[None]:
    """Say of what is wrong that it is so with the baseline."""
    try:
        yield
    except DataError as error:
        raise DataError(joined(["the baseline: ", message_of(error)], "")) from None


def _open_other(
    spec: RunSpec,
    dataset: Dataset,
    found: Resolved,
    data: Resolved,
    source: Source,
    takers: Mapping[str, TakesBaseline],
    context: QueryContext,
    *,
    ours: bool,
) -> Source:
    """Open the dataset of a baseline, beside the data."""
    session = source.session
    if found.caller_session is not data.caller_session:
        raise DataError("it and the data have to be DataFrames of one session, or neither may be one")
    relation, schema = _read(session, found, dataset, context, ours=ours)
    refuse_differing(source.schema, schema, takers)
    if session.sql is not None:  # conditions of segments are those of both
        mine = {field.name for field in schema.struct.fields}
        session.sql.writer.columns = tuple(name for name in source.columns if name in mine)
    plan = _plan(session, spec, dataset, found, schema, windows=False)
    if different := group_differences(source.plan.groups, plan.groups):
        raise DataError("; ".join(f"segments by {one}" for one in different))
    _check_terms(session, plan, relation, found.left_out, context)
    return replace(source, relation=relation, schema=schema, plan=plan)


def refuse_missing(
    schema: pb.DataType, left_out: Mapping[str, LeftOut], required: Mapping[str, Bound]
) -> None:
    """See that the data has every column that a parameter names.

    Args:
        schema: the data's.
        left_out: columns of it that cannot be read, by name in lower case.
        required: the parameters, by metric.

    Raises:
        ParamsRefused: the data lacks such a column.
    """
    found: dict[str, tuple[Problem, ...]] = {}
    for metric, bound in required.items():
        problems = []
        for parameter in bound.columns:
            name = str(bound.values[parameter.name])
            try:
                find_field(schema, name, f"the parameter {parameter.name!r}")
            except DataError as error:
                gone = left_out.get(name.lower())
                text = str(error) if gone is None else f"the parameter {parameter.name!r}: {gone.message}"
                problems.append(Problem(parameter.line, parameter.column, "parameter-column", text))
        if problems:
            found[metric] = tuple(problems)
    if found:
        raise ParamsRefused(found)


def _is_spark(backend: Backend, session: BackendSession, context: QueryContext) -> bool:
    """Whether a server that is not ours says that it is Spark; what reads no Spark plans is not asked."""
    return backend.capabilities.may_be_other and is_apache_spark(backend.address, session, context)


def _is_unspelled(relation: pb.Relation) -> bool:
    """Whether the backend looks into files for their columns."""
    return relation.read.HasField("data_source") and not relation.read.data_source.schema


def _checker(session: BackendSession, columns: tuple[str, ...]) -> Callable[[str], str]:
    """What checks the Boolean expressions of segments, in the backend's own SQL."""
    if session.sql is not None:
        return session.sql.writer.checked
    return lambda text: inspect_expression(text, columns=frozenset(columns)).text


def _check_terms(
    session: BackendSession,
    plan: FramePlan,
    relation: pb.Relation,
    left_out: Mapping[str, LeftOut],
    context: QueryContext,
) -> None:
    """See that the Boolean expressions of segments mean something on these columns."""
    probe = term_probe(plan, relation)
    if probe is None:
        return
    try:
        check_term_types(plan, _fetch_schema(session, probe, context))
    except BackendError as error:
        told = explain_left_out(error.detail, "segments", left_out)
        raise told or data_error(error, "the expression of a segment") from None


def _refuse_snowpark(backend: Backend) -> None:
    if backend.capabilities.speaks_sql:
        raise UsageError(
            f"the backend {backend.name!r} gives metrics Snowpark frames; for a Spark DataFrame make an "
            "engine with a Spark backend"
        )


def _fetch_schema(session: BackendSession, relation: pb.Relation, context: QueryContext) -> pb.DataType:
    request = pb.AnalyzePlanRequest()
    request.schema.plan.root.CopyFrom(relation)
    return session.analyze(request, context).schema.schema


def data_error(error: BackendError, what: str) -> BackendError | DataError:
    """What to raise when a dataset cannot be read: the reason, in words for the caller."""
    if isinstance(error, (BackendLost, BackendStartError)):
        return error
    reason = clean(error.detail.strip().partition("\n")[0], _DETAIL_CHARS)
    if _FULL in error.detail:
        reason = f"the data engine has no room on its disk ({_FULL}); {_ROOM}"
    return DataError(f"{what} cannot be read: {reason}")
