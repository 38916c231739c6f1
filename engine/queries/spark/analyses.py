"""What PySpark's client asks of a plan beside its rows: its type, how it is drawn, what equals it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.errors import AnswerTooLarge
from engine.models.run import Asked
from engine.queries.calls import told_by
from engine.queries.descriptions import Descriptions
from engine.queries.spark import replies
from engine.queries.spark.functions.applying import column_names
from engine.queries.spark.questions import PlanCall, too_large
from engine.spark import plans
from engine.spark.functions import check_all, has_functions, typed, unnamed, with_columns_for_joins
from sandbox.contract.settings import BASELINE

# Before the canonical form of a plan over the baseline: its type is another one than over the data.
_ABOUT_BASELINE: Final = b"baseline:"


def describe_plan(
    call: PlanCall, key: bytes, relation: pb.Relation, known: Descriptions[pb.DataType] | None
) -> pb.AnalyzePlanResponse:
    """The type of a plan, which is the same over every frame.

    Args:
        call: whose plan it is.
        key: its canonical form.
        relation: the plan, rebuilt.
        known: the types that were asked for before; None: frames share nothing.

    Raises:
        PlanRefused, BackendError, BackendLost, Interrupted: as `analyze_plan`.
    """
    if call.scope.views or call.scope.settings:
        known = None
    if BASELINE in call.scope.frames_read(relation):
        key = _ABOUT_BASELINE + key
    found = None if known is None else known.get(key)
    if found is not None:
        return replies.schema_analysis(found)
    response = analyze_plan(call, plans.Schema(relation))
    if known is not None:
        known.keep(key, response.schema.schema, response.schema.schema.ByteSize())
    return response


def analyze_plan(call: PlanCall, request: plans.Request) -> pb.AnalyzePlanResponse:
    """The answer to a question about a plan, by the backend if it takes one.

    Raises:
        PlanRefused: it asks for what a metric may not have, or its answer is too large.
        BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
    """
    local = plans.local_answer(request)
    if local is not None:
        return replies.analyze_answer(local)
    request = _without_functions(call, request)
    state = call.state
    state.queries += 1
    bound, notes = plans.analyze_request(request, call.scope.bind), list[str]()
    try:
        answer = call.session.analyze(bound, state.context.told(notes.append))
    except AnswerTooLarge:
        raise too_large("the type of this DataFrame") from None
    finally:
        if state.asked is not None:
            kind = (bound.WhichOneof("analyze") or "").replace("_", " ")
            state.asked.append(Asked(f"the {kind} of a DataFrame", *told_by(notes)))
    return replies.rebuild_analyze(answer)


def _without_functions(call: PlanCall, request: plans.Request) -> plans.Request:
    """A question about a plan, without functions of the author in it, if it is one about its type."""
    if not isinstance(request, plans.Schema | plans.TreeString):
        return request
    relation = call.scope.expanded(request.relation)
    if not has_functions(relation):
        return request

    def names_of(plan: pb.Relation) -> list[str]:
        call.state.queries += 1
        return column_names(call.session, plan, call.scope.bind, call.state.context)

    relation = with_columns_for_joins(relation, names_of)
    check_all(relation)
    return replace(request, relation=typed(unnamed(relation, names_of)))
