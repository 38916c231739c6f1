"""Requests forwarded as they come, with the gateway's checks taken away.

For tests that show what the other layers stop by themselves (`Layers(gateway=False)`), and for nothing
else: a guest behind this reads whatever the backend can read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.backends.base import BackendSession
from engine.context import QueryContext
from engine.queries.carried import Reply
from engine.queries.spark import replies
from engine.spark.functions import has_functions
from engine.spark.plans.trees import relations
from sandbox.contract.framing import Method
from sandbox.contract.settings import BASELINE, PLACEHOLDER


def forward(
    session: BackendSession,
    method: Method,
    payload: memoryview,
    frame: pb.Relation,
    baseline: pb.Relation | None = None,
    *,
    applied: Callable[[pb.Relation], pb.Relation],
    context: QueryContext,
) -> Iterator[Reply]:
    """Ask the backend what the guest asks, with the placeholders replaced; yield its answers.

    Args:
        session: the backend's session that is asked.
        method: which Spark Connect call it is.
        payload: as the guest sent it.
        frame: what the placeholder stands for.
        baseline: what the second one stands for.
        applied: gives a plan in which the functions of the author were applied.
        context: the deadline of the question, what cancels it, and the settings it is asked under.

    Raises:
        BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
    """
    if method is Method.EXECUTE:
        request = pb.ExecutePlanRequest.FromString(bytes(payload))
        _replace_placeholders(request, frame, baseline)
        if has_functions(request.plan):
            request.plan.root.CopyFrom(applied(request.plan.root))
        rebuilder = replies.Rebuilder()
        for response in session.execute(request.plan, context):
            if response.HasField("sql_command_result"):
                yield replies.sql_result(response.sql_command_result.relation)
            yield from rebuilder.rebuild(response)
        yield replies.complete()
    else:
        analysis = pb.AnalyzePlanRequest.FromString(bytes(payload))
        _replace_placeholders(analysis, frame, baseline)
        yield replies.rebuild_analyze(session.analyze(analysis, context))


def _replace_placeholders(request: Message, frame: pb.Relation, baseline: pb.Relation | None) -> None:
    frames = {PLACEHOLDER: frame, BASELINE: baseline}
    for relation in list(relations(request)):
        name = relation.read.named_table.unparsed_identifier
        if (bound := frames.get(name)) is not None:
            relation.subquery_alias.alias = name
            relation.subquery_alias.input.CopyFrom(bound)
