"""Applies the functions of the author in a plan: asks for the rows that they see, and has the worker work.

What comes back is checked to the last value, and put into the plan as local data, or into a file that
only the queries of this call read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.backends.connect.tables import Fetched, TooLarge, fetch, stream
from engine.context import QueryContext
from engine.errors import PlanRefused
from engine.queries.calls import Charge, Evaluating, FunctionRaised
from engine.queries.spark.functions.evaluation import Collected, applied_to, check_exact
from engine.queries.spark.functions.through import MOST_BYTES, Kept, too_large
from engine.sources.spool import Scratch
from engine.spark import plans
from engine.spark.functions import (
    BATCH_ROWS,
    PREFIX,
    FunctionMap,
    Given,
    Groups,
    Lying,
    Side,
    Split,
    Used,
    check_given,
    check_kept,
    check_keys,
    check_repeatable,
    group_streams,
    grouped,
    groups_of,
    has_functions,
    input_json,
    is_inexact,
    is_map,
    local_relation,
    lowest,
    prepared,
    read_frames,
    read_results,
    result_type,
    same,
    same_rows,
    some_groups,
    split,
    take_apart,
    too_many_steps,
    turned,
    used_above,
    whole,
    with_columns_for_joins,
)
from engine.spark.plans.expressions import ITERATOR_KINDS
from engine.spark.plans.stream_shape import TooManyBatches
from engine.spark.plans.trees import relations
from sandbox.contract.framing import ChannelGarbage
from sandbox.contract.messages import Applied, Evaluate

_MOST_STEPS: Final = 50
# Rows with which a function that aggregates is tried in another order.
_MOST_AGAIN: Final = 100_000
# Sums of rows in another order differ in their last digits, in Spark, too.
_NEAR_AGGREGATES: Final = 1e-9


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
        self._files = list[Kept]()
        self._stubs: dict[bytes, pb.Relation] = {}
        self._session = session
        self._frames = bind
        self._charge = charge
        self._context = context
        self._evaluating = evaluating
        self._bytes = 0
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
        check_keys(sides)
        columns = self._mapped(parts, sides)
        if parts.grouped:
            self._check_order(parts, sides)
        nobody = len(columns[0]) and not any(side.table.num_rows for side in sides)
        if nobody and not parts.sides[0].surely_read():
            raise PlanRefused(
                "udf-refused",
                "a function of the metric gives rows for a DataFrame without any, where Spark may not ask it",
                "let it yield for batches alone, or call it over filtered rows of the frame itself",
            )
        names = [f"{PREFIX}{step}_result_{place}" for place in range(len(columns))]
        return parts.above(local_relation(names, columns, fields))

    def _given(self, side: Side) -> Given:
        """A DataFrame as a function sees it."""
        fetched = self._fetch(side.below)
        fields = fetched.schema.struct.fields
        for field in fields:
            check_given(field.data_type)
        count = fetched.table.num_columns
        table = fetched.table.rename_columns([field.name for field in fields])
        keys = tuple(place % count for place in side.keys)
        return Given(table.replace_schema_metadata(None), side.beside, keys)

    def _check_order(self, parts: FunctionMap, sides: list[Given]) -> None:
        """Try a function of groups on a few of them, in two orders of their rows."""
        for some in some_groups(sides):
            one = self._tried(parts, some)
            if one is None:  # one that takes no part of a large group is not tried with it
                continue
            other = self._tried(parts, turned(some))
            if other is None or not same_rows(one, other):
                raise PlanRefused(
                    "udf-refused",
                    "a function of groups is refused: what it gives depends on the order of the rows in a "
                    "group, which Spark leaves open",
                    "let it sort its rows first, as in frame.sort_values([...]), by columns that tell them "
                    "apart",
                )

    def _tried(self, parts: FunctionMap, sides: list[Given]) -> tuple[pa.ChunkedArray, ...] | None:
        """What a function gives for a few rows; None if it raises."""
        try:
            return self._mapped(parts, sides, again=True)
        except FunctionRaised:
            return None

    def _mapped(
        self, parts: FunctionMap, sides: list[Given], *, again: bool = False
    ) -> tuple[pa.ChunkedArray, ...]:
        if parts.grouped and not any(side.table.num_rows for side in sides):
            return read_frames(b"", parts.output).columns  # there are no groups
        if parts.grouped:
            pieces = grouped(sides, in_structs=parts.in_structs)
            offsets = tuple(place for side in sides for place in side.offsets())
        else:
            pieces, offsets = whole(sides[0]), (0,)
        request = Evaluate(parts.kind, (Applied((parts.token,), offsets),), "")
        data = self._whole(request, pieces, again=again)
        try:
            return read_frames(data, parts.output).columns
        except TooManyBatches:
            raise PlanRefused(
                "plan-too-large",
                "a function of the metric gives its rows in too many pieces",
                "yield fewer and larger DataFrames, or make larger groups",
            ) from None
        except Lying as lie:
            raise ChannelGarbage(f"results of functions: {lie}") from None

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
        results = self._aggregate(request, parts, arguments, groups)
        kept = below.table.select(list(parts.kept)).take(pa.array(groups.firsts))
        fields = [*kept.schema, *(pa.field("", column.type) for column in results)]
        return parts.above(local_relation(parts.names, [*kept.columns, *results], fields))

    def _streamed(self, parts: Split) -> pb.Relation:
        """What functions of rows or of batches give, beside the columns that are needed above them."""
        self._check_below(parts.below)
        schema, tables = stream(self._session, self.bound(parts.below), self._context)
        applied = applied_to(parts, schema, tables, self._evaluating, self._scratch, self._charge_table)
        into = applied.kept
        if into.file is None:
            self._bytes += into.size
            if self._bytes > MOST_BYTES:
                raise too_large(MOST_BYTES)
            return into.relation()
        self._files.append(into)
        stub = into.stub()
        self._stubs[stub.local_relation.data] = into.relation()
        return stub

    def _charge_table(self, table: pa.Table) -> None:
        self._charge(table.num_rows, table.nbytes)

    def _aggregate(
        self, request: Evaluate, parts: Split, arguments: pa.Table, groups: Groups
    ) -> tuple[pa.ChunkedArray, ...]:
        """What functions give for groups.

        Raises:
            PlanRefused: they give something else for rows in another order, or in other batches.
        """
        if not len(groups):
            return tuple(pa.chunked_array([], result_type(one)) for one in parts.types)
        check_exact(parts, inexact=is_inexact(arguments))
        pieces = group_streams(arguments, groups, batch_rows=BATCH_ROWS)
        results = self._results(request, parts, pieces, len(groups))
        if int(np.diff(groups.ends).max()) < 2:
            return results
        tried, first = groups.some(_MOST_AGAIN), results
        if tried is not groups:
            pieces = group_streams(arguments, tried, batch_rows=BATCH_ROWS)
            some = self._again(request, parts, pieces, len(tried))
            # One that takes no part of a group gets all of them again.
            tried, first = (groups, results) if some is None else (tried, some)
        largest = int(np.diff(tried.ends).max())
        half = min(BATCH_ROWS, (largest + 1) // 2) if parts.kind in ITERATOR_KINDS else BATCH_ROWS
        pieces = group_streams(arguments, tried.reversed(), batch_rows=half)
        again = self._again(request, parts, pieces, len(tried))
        if again is None or not same(first, again, near=_NEAR_AGGREGATES):
            raise PlanRefused(
                "udf-refused",
                "a function that aggregates is refused: what it gives depends on the order of rows, or on "
                "how they are cut into batches, which are Spark's to choose",
                "sort the values inside of the function, or by a column that is given to it as well",
            )
        return results

    def _again(
        self, request: Evaluate, parts: Split, pieces: Iterator[bytes], rows: int
    ) -> tuple[pa.ChunkedArray, ...] | None:
        """What functions give for the same once more; None if one raised."""
        try:
            return self._results(request, parts, pieces, rows, again=True)
        except FunctionRaised:
            return None

    def _results(
        self, request: Evaluate, parts: Split, pieces: Iterator[bytes], rows: int, *, again: bool = False
    ) -> tuple[pa.ChunkedArray, ...]:
        data = self._whole(request, pieces, again=again)
        try:
            return read_results(data, parts.types, rows).columns
        except Lying as lie:
            raise ChannelGarbage(f"results of functions: {lie}") from None

    def _whole(self, request: Evaluate, pieces: Iterator[bytes], *, again: bool) -> bytes:
        """All bytes that functions give, in one piece; earlier calls count against the limit, too."""
        output = Collected(MOST_BYTES - self._bytes)
        self._evaluating(request, pieces, output.take, again=again)
        self._bytes += len(output.data())
        return output.data()

    def _check_below(self, relation: pb.Relation) -> None:
        assert not has_functions(relation)
        check_repeatable(relation)
        self.queries += 1

    def _fetch(self, relation: pb.Relation) -> Fetched:
        self._check_below(relation)
        try:
            fetched = fetch(
                self._session, self.bound(relation), self._context, most_bytes=MOST_BYTES - self._bytes
            )
        except TooLarge:
            raise too_large(MOST_BYTES) from None
        self._bytes += fetched.table.nbytes
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
