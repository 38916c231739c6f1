"""Applies the functions of the author in a plan: asks for the rows that they see, and has the worker work.

What comes back is checked to the last value, and put into the plan as local data, so that it is read by the
queries of this call and nobody else's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine import plans
from engine.backends.base import BackendSession
from engine.backends.tables import Fetched, TooLarge, fetch
from engine.errors import PlanRefused
from engine.functions import (
    Lying,
    Split,
    check_repeatable,
    has_functions,
    input_json,
    local_relation,
    lowest,
    read_results,
    result_type,
    split,
    streams,
    unnamed,
)
from engine.gateway.answering import Evaluating
from engine.gateway.budget import FrameBudget
from engine.sharing.once import Patience
from sandbox.contract.framing import ChannelGarbage
from sandbox.contract.messages import Evaluate

# Of the rows below functions, and of what they give, in Arrow's form. All of it travels in a plan.
MOST_BYTES: Final = 64 << 20
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
        budget: FrameBudget,
        patience: Patience,
        evaluating: Evaluating,
    ) -> None:
        """Begin.

        Args:
            session: where the question is asked.
            bind: puts the frames into a plan.
            budget: is charged for the rows that functions see.
            patience: how long the call can wait.
            evaluating: has the worker apply functions.
        """
        self.queries = 0
        self._session = session
        self._bind = bind
        self._budget = budget
        self._patience = patience
        self._evaluating = evaluating
        self._bytes = 0
        self._made: dict[bytes, pb.Relation] = {}

    def with_results(self, relation: pb.Relation) -> pb.Relation:
        """The plan over what its functions gave.

        Args:
            relation: rebuilt, its views expanded.

        Raises:
            PlanRefused: functions stand where they are not taken, or see or give too much.
            FunctionRaised: one raised.
            ChannelGarbage: the worker gave what no honest worker gives.
            LimitExceeded, BackendError, BackendLost, Interrupted: as for any question.
        """
        lowest(relation)  # refuses what is not taken, before anything is asked
        made = unnamed(relation, self._names_of)
        for step in range(_MOST_STEPS):
            here = lowest(made)
            if here is None:
                check_repeatable(made)
                return made
            key = here.SerializeToString(deterministic=True)
            if key not in self._made:
                self._made[key] = self._applied(split(here, self._names_of, step))
            here.CopyFrom(self._made[key])
        raise PlanRefused(
            "plan-too-large",
            f"a query with functions of the metric in more than {_MOST_STEPS} steps is refused",
            "let one function do more",
        )

    def _applied(self, parts: Split) -> pb.Relation:
        for one in parts.types:
            result_type(one)  # refuses what is not taken, before anything is asked
        below = self._fetch(parts.below)
        described = input_json(below.schema, parts.arguments)
        arguments = below.table.select(list(parts.arguments))
        results = self._evaluate(parts, arguments, described)
        kept = below.table.select(list(parts.kept))
        fields = [*kept.schema, *(pa.field("", column.type) for column in results)]
        return parts.above(local_relation(parts.names, [*kept.columns, *results], fields))

    def _evaluate(self, parts: Split, arguments: pa.Table, described: str) -> tuple[pa.ChunkedArray, ...]:
        if not arguments.num_rows:  # nor does Spark call a function then
            return tuple(pa.chunked_array([], result_type(one)) for one in parts.types)
        left = MOST_BYTES - self._bytes
        request = Evaluate(parts.kind, parts.functions, described)
        data = self._evaluating(request, streams(arguments), left)
        if data is None:
            raise _too_large()
        self._bytes += len(data)
        try:
            return read_results(data, parts.types, arguments.num_rows).columns
        except Lying as lie:
            raise ChannelGarbage(f"results of functions: {lie}") from None

    def _fetch(self, relation: pb.Relation) -> Fetched:
        assert not has_functions(relation)
        check_repeatable(relation)
        self.queries += 1
        try:
            fetched = fetch(
                self._session,
                self._bind(relation),
                deadline=self._patience.deadline,
                cancel=self._patience.cancel,
                most_bytes=MOST_BYTES - self._bytes,
            )
        except TooLarge:
            raise _too_large() from None
        self._bytes += fetched.table.nbytes
        self._budget.charge_fetch(fetched.table.num_rows, fetched.table.nbytes)
        return fetched

    def _names_of(self, relation: pb.Relation) -> list[str]:
        self.queries += 1
        return column_names(self._session, relation, self._bind, self._patience)


def column_names(
    session: BackendSession,
    relation: pb.Relation,
    bind: Callable[[pb.Relation], pb.Relation],
    patience: Patience,
) -> list[str]:
    """The names of a plan's columns, as the backend tells them; arguments and errors as of `Applying`."""
    request = plans.analyze_request(plans.Schema(relation), bind)
    answer = session.analyze(request, deadline=patience.deadline, cancel=patience.cancel)
    return [field.name for field in answer.schema.schema.struct.fields]


def _too_large() -> PlanRefused:
    return PlanRefused(
        "plan-too-large",
        f"functions of the metric see or give more than {MOST_BYTES >> 20} MiB in one query",
        "select the columns that are needed before, and filter or aggregate rows",
    )
