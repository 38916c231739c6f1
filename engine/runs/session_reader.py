"""Reading a dataset in one session of a backend: its columns, and which of its rows a run covers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.backends.tables import fetch
from engine.context import QueryContext
from engine.errors import BackendError, DataError, UsageError
from engine.frames import FramePlan, check_term_types, plan_frames, term_probe
from engine.frames.baseline import check_first, group_differences, plan_first, plan_previous
from engine.frames.build import aggregated, call, column, filtered, limited, named, projected
from engine.frames.normal import normal
from engine.frames.plan import run_range
from engine.frames.relations import unpruned, with_schema
from engine.models.baseline import Baseline
from engine.models.dataset import Dataset
from engine.models.durations import parse_zone
from engine.queries.asking import FrameSource
from engine.runs.data_errors import data_error
from engine.runs.run_spec import RunSpec
from engine.runs.unreadable import explain_left_out
from engine.sources.source import ResolvedSource
from engine.sources.tables.skipping import TimeSpan
from engine.spark.text import inspect_expression


class SessionReader:
    """Reads the data of a run, and its baseline.

    Attributes:
        own_spark: whether the session is one of a Spark that the engine started.
    """

    def __init__(
        self, spec: RunSpec, session: BackendSession, context: QueryContext, *, own_spark: bool
    ) -> None:
        """Read nothing yet.

        Args:
            spec: what was asked.
            session: reads.
            context: how it is asked.
            own_spark: whether it is one of a Spark that the engine started.
        """
        self.own_spark = own_spark
        self._spec = spec
        self._session = session
        self._context = context

    def read(self, found: ResolvedSource, dataset: Dataset) -> tuple[pb.Relation, pb.DataType]:
        """The rows of a dataset as queries read them, and their type.

        Raises:
            DataError: they cannot be read.
            BackendError, BackendLost, Interrupted: as `BackendSession.analyze`.
        """
        try:
            schema = self._fetch_schema(found.relation)
            # Spark looks into the files for the schema of Parquet anew in each query, which takes 50 ms
            # and more.
            spelled = found.inferred or (self.own_spark and _is_unspelled(found.relation))
            relation = with_schema(found.relation, schema) if spelled else found.relation
            if self._session.sql is None:
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

    def narrow(self, data: FrameSource, schema: pb.DataType) -> None:
        """Let conditions of segments name what data and baseline have both; for sessions that speak SQL."""
        if self._session.sql is not None:
            mine = {field.name for field in schema.struct.fields}
            self._session.sql.writer.columns = tuple(name for name in data.columns if name in mine)

    def plan(
        self,
        found: ResolvedSource,
        dataset: Dataset,
        relation: pb.Relation,
        schema: pb.DataType,
        *,
        windows: bool = True,
        like: FramePlan | None = None,
    ) -> FramePlan:
        """What a run covers of a dataset.

        Args:
            found: what its source is.
            dataset: what was named.
            relation: its rows.
            schema: their type.
            windows: whether it is that in the run's time range and windows, or all that there is.
            like: the plan whose groups of segments it must have, too.

        Raises:
            UsageError, DataError: what was asked does not fit it.
            BackendError, BackendLost, Interrupted: as `BackendSession.analyze`.
        """
        spec = self._spec
        columns = tuple(field.name for field in schema.struct.fields)
        try:
            plan = plan_frames(
                schema,
                dataset,
                segments=spec.segments,
                time=spec.time if windows else None,
                every=spec.every if windows else None,
                zone=spec.zone,
                as_of=_as_of(spec),
                check_expression=self._checker(columns),
            )
        except DataError as error:
            raise (explain_left_out(str(error), "timestamp or segments", found.left_out) or error) from None
        if like is not None and (different := group_differences(like.groups, plan.groups)):
            raise DataError("; ".join(f"segments by {one}" for one in different))
        self._check_terms(plan, relation, found)
        return plan

    def plan_part(self, baseline: Baseline, source: FrameSource) -> FramePlan:
        """The plan of a baseline that is a part of the data itself.

        Raises:
            UsageError, DataError: the data has no such part.
            BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
        """
        spec, plan, zone = self._spec, source.plan, parse_zone(self._spec.zone)
        as_of, retention = plan.time.as_of, spec.dataset.retention_length
        oldest = None if retention is None or as_of is None else retention.before(as_of, zone)
        if baseline.length is None:
            return plan_previous(plan, spec.every, zone, oldest)
        clock = check_first(plan.clock)
        within = clock.interval(oldest, as_of)
        smallest = [named(call("min", clock.field.expression), "t")]
        query = aggregated(filtered(source.relation, clock.inside(within)), [], smallest)
        try:
            table = fetch(self._session, query, self._context).table
        except BackendError as error:
            raise data_error(error, "the oldest row of the data") from None
        first = normal(table.column(0)).to_pylist() if table.num_rows else [None]
        return plan_first(plan, baseline.length, first[0], within)

    def _checker(self, columns: tuple[str, ...]) -> Callable[[str], str]:
        """What checks the Boolean expressions of segments, in the backend's own SQL."""
        if self._session.sql is not None:
            return self._session.sql.writer.checked
        return lambda text: inspect_expression(text, columns=frozenset(columns)).text

    def _check_terms(self, plan: FramePlan, relation: pb.Relation, found: ResolvedSource) -> None:
        """See that the Boolean expressions of segments mean something on these columns."""
        probe = term_probe(plan, relation)
        if probe is None:
            return
        try:
            check_term_types(plan, self._fetch_schema(probe))
        except BackendError as error:
            told = explain_left_out(error.detail, "segments", found.left_out)
            raise told or data_error(error, "the expression of a segment") from None

    def _fetch_schema(self, relation: pb.Relation) -> pb.DataType:
        request = pb.AnalyzePlanRequest()
        request.schema.plan.root.CopyFrom(relation)
        return self._session.analyze(request, self._context).schema.schema


def span_of(spec: RunSpec, dataset: Dataset) -> TimeSpan | None:
    """The range of time that all rows of a dataset lie in that a run looks at; None: it may be any."""
    if dataset.timestamp is None or dataset.rows is not None:  # so many rows, wherever they are
        return None
    # A baseline that is a part of the data lies within the retention, but not within the time range.
    own = dataset is spec.dataset and (spec.baseline is None or spec.baseline.dataset is not None)
    try:
        start, end = run_range(dataset, spec.time if own else None, _as_of(spec), spec.zone)
    except UsageError:  # which is told once the columns are known, with all else
        return None
    return TimeSpan(dataset.timestamp, start, end)


def _in_order(
    relation: pb.Relation, schema: pb.DataType, order: Sequence[str]
) -> tuple[pb.Relation, pb.DataType]:
    """The same rows with their columns in an order; to Snowpark all names are in capital letters."""
    places = {field.name.upper(): field for field in schema.struct.fields}
    places |= {field.name: field for field in schema.struct.fields}
    fields = [places.get(name) or places[name.upper()] for name in order]
    ordered = pb.DataType(struct=pb.DataType.Struct(fields=fields))
    return projected(relation, [column(field.name) for field in fields]), ordered


def _as_of(spec: RunSpec) -> datetime | None:
    return spec.as_of if spec.as_of is not None or spec.time is None else spec.time.as_of


def _is_unspelled(relation: pb.Relation) -> bool:
    """Whether the backend looks into files for their columns."""
    return relation.read.HasField("data_source") and not relation.read.data_source.schema
