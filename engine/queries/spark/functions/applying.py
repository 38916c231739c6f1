"""Applies the functions of the author in a plan: asks for the rows that they see, and has the worker work.

What comes back is checked to the last value, and put into the plan as local data, or into a file that
only the queries of this call read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.backends.tables import Fetched, TableTooLarge, fetch, stream
from engine.context import QueryContext
from engine.queries.calls import Charge, Evaluating
from engine.queries.spark.functions.aggregates import aggregated
from engine.queries.spark.functions.evaluation import applied_to
from engine.queries.spark.functions.function_stream import MOST_BYTES, KeptResults, too_large
from engine.queries.spark.functions.maps import mapped
from engine.queries.spark.functions.memory import InMemory
from engine.sources.spool import Scratch
from engine.spark import plans
from engine.spark.functions import (
    PREFIX,
    GivenFrame,
    Side,
    Split,
    Used,
    check_given,
    check_kept,
    check_repeatable,
    groups_of,
    has_functions,
    input_json,
    is_map,
    local_relation,
    lowest,
    prepared,
    result_type,
    split,
    take_apart,
    too_many_steps,
    used_above,
    with_columns_for_joins,
)
from engine.spark.plans.trees import relations
from sandbox.contract.messages import Evaluate

_MOST_STEPS: Final = 50


class Applying:
    """The functions of one question.

    Attributes:
        queries: how many were sent to the backend.
    """

    def __init__(
        self,
        session: BackendSession,
        bind: Callable[[pb.Relation], pb.Relation],
        charge: Charge,
        context: QueryContext,
        evaluating: Evaluating,
        scratch: Scratch | None = None,
    ) -> None:
        """Begin.

        Args:
            session: where the question is asked.
            bind: puts the frames into a plan.
            charge: is told of the rows that functions see.
            context: how long the call can wait.
            evaluating: has the worker apply functions.
            scratch: makes files for what they give; None: there is no place for any.
        """
        self.queries = 0
        self._scratch = scratch
        self._files = list[KeptResults]()
        self._stubs: dict[bytes, pb.Relation] = {}
        self._session = session
        self._frames = bind
        self._charge = charge
        self._context = context
        self._memory = InMemory(evaluating)
        self._made: dict[tuple[bytes, Used], pb.Relation] = {}

    def with_results(self, relation: pb.Relation) -> pb.Relation:
        """The plan over what its functions gave.

        Args:
            relation: rebuilt, its views expanded.

        Raises:
            PlanRefused: functions stand where they are not taken, or see or give too much.
            FunctionRaised: a function raised an error.
            ChannelGarbage: the worker gave what no honest worker gives.
            LimitExceeded, BackendError, BackendLost, Interrupted: as for any question.
        """
        relation = with_columns_for_joins(relation, self._names_of)
        lowest(relation)  # refuses what is not taken, before anything is asked
        made = prepared(relation, self._names_of, most_steps=_MOST_STEPS)
        for step in range(_MOST_STEPS):
            here = lowest(made)
            if here is None:
                check_repeatable(made)
                return made
            used = used_above(made, here)
            key = (here.SerializeToString(deterministic=True), used)
            if key not in self._made:
                self._made[key] = self._made_of(here, step, used)
            here.CopyFrom(self._made[key])
        raise too_many_steps(_MOST_STEPS)

    def bound(self, relation: pb.Relation) -> pb.Relation:
        """A plan with the frames in it, and what functions gave where that is in files.

        Nothing but a plan that `with_results` made names such a file, and only when it has been checked.
        """
        return self.with_files(self._frames(relation))

    def with_files(self, relation: pb.Relation) -> pb.Relation:
        """A plan with the files in it."""
        if self._stubs:
            for here in relations(relation):
                found = self._stubs.get(here.local_relation.data) if here.HasField("local_relation") else None
                if found is not None:
                    here.CopyFrom(found)
        return relation

    def close(self) -> None:
        """The question is answered: remove what was made for it. Never raises."""
        for one in self._files:
            one.remove()

    def _made_of(self, relation: pb.Relation, step: int, used: Used) -> pb.Relation:
        """A relation with functions, over local data that holds what they give."""
        if not is_map(relation):
            return self._applied(split(relation, self._names_of, step, used))
        parts = take_apart(relation)
        fields = parts.fields()  # refuses types that are not taken, before anything is asked
        sides = [self._given(side) for side in parts.sides]
        columns = mapped(self._memory, parts, sides)
        names = [f"{PREFIX}{step}_result_{place}" for place in range(len(columns))]
        return parts.above(local_relation(names, columns, fields))

    def _given(self, side: Side) -> GivenFrame:
        """A DataFrame as a function sees it."""
        fetched = self._fetch(side.below)
        fields = fetched.schema.struct.fields
        for field in fields:
            check_given(field.data_type)
        count = fetched.table.num_columns
        table = fetched.table.rename_columns([field.name for field in fields])
        keys = tuple(place % count for place in side.keys)
        return GivenFrame(table.replace_schema_metadata(None), side.beside, keys)

    def _applied(self, parts: Split) -> pb.Relation:
        for one in parts.types:
            result_type(one)  # refuses what is not taken, before anything is asked
        if parts.keys is None:
            return parts.above(self._streamed(parts))
        below = self._fetch(parts.below)
        check_kept(below.schema, parts.kept)
        request = Evaluate(parts.kind, parts.functions, input_json(below.schema, parts.arguments))
        arguments = below.table.select(list(parts.arguments))
        groups = groups_of([below.table.column(one) for one in parts.keys], below.table.num_rows)
        results = aggregated(self._memory, request, parts, arguments, groups)
        kept = below.table.select(list(parts.kept)).take(pa.array(groups.firsts))
        fields = [*kept.schema, *(pa.field("", column.type) for column in results)]
        return parts.above(local_relation(parts.names, [*kept.columns, *results], fields))

    def _streamed(self, parts: Split) -> pb.Relation:
        """What functions of rows or of batches give, beside the columns that are needed above them."""
        self._check_below(parts.below)
        schema, tables = stream(self._session, self.bound(parts.below), self._context)
        applied = applied_to(
            parts, schema, tables, self._memory.evaluating, self._scratch, self._charge_table
        )
        into = applied.kept
        if into.file is None:
            self._memory.hold(into.size)
            if self._memory.left < 0:
                raise too_large(MOST_BYTES)
            return into.relation()
        self._files.append(into)
        stub = into.stub()
        self._stubs[stub.local_relation.data] = into.relation()
        return stub

    def _charge_table(self, table: pa.Table) -> None:
        self._charge(table.num_rows, table.nbytes)

    def _check_below(self, relation: pb.Relation) -> None:
        assert not has_functions(relation)
        check_repeatable(relation)
        self.queries += 1

    def _fetch(self, relation: pb.Relation) -> Fetched:
        self._check_below(relation)
        try:
            fetched = fetch(self._session, self.bound(relation), self._context, most_bytes=self._memory.left)
        except TableTooLarge:
            raise too_large(MOST_BYTES) from None
        self._memory.hold(fetched.table.nbytes)
        self._charge_table(fetched.table)
        return fetched

    def _names_of(self, relation: pb.Relation) -> list[str]:
        self.queries += 1
        return column_names(self._session, relation, self.bound, self._context)


def column_names(
    session: BackendSession,
    relation: pb.Relation,
    bind: Callable[[pb.Relation], pb.Relation],
    context: QueryContext,
) -> list[str]:
    """The names of a plan's columns, as the backend tells them; arguments and errors as of `Applying`."""
    request = plans.analyze_request(plans.Schema(relation), bind)
    answer = session.analyze(request, context)
    return [field.name for field in answer.schema.schema.struct.fields]
