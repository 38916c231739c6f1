"""Trusted side: from the bytes of a request to one small dataclass with rebuilt plans.

What a caller of `parse_request` gets was built here: no byte of the guest's message is in it that the
tables did not name.
"""

from __future__ import annotations

from typing import Any

import pyspark.sql.connect.proto as pb

from engine.errors import PlanRefused
from engine.plans.caps import MAX_CONFIG_KEYS
from engine.plans.decode import decode
from engine.plans.names import check_view_name
from engine.plans.rebuild import rebuild
from engine.plans.relation_checks import referenced_views
from engine.plans.requests import (
    ConfigGet,
    DdlParse,
    DefineView,
    Fetch,
    IsLocal,
    IsStreaming,
    JsonToDdl,
    Persist,
    Request,
    RunSql,
    SameSemantics,
    Schema,
    SemanticHash,
    SparkVersion,
    StorageLevel,
    TreeString,
    Unpersist,
)
from engine.plans.rules import Budget, Place
from engine.sql.hidden import fold
from engine.sql.stopping import Stop, never
from sandbox.contract.framing import Method


def parse_request(
    method: Method,
    payload: bytes | memoryview,
    *,
    columns: frozenset[str] = frozenset(),
    stop: Stop = never,
) -> Request:
    """Parse and rebuild one request of a worker.

    Args:
        method: which Spark Connect call it is.
        payload: the hostile bytes.
        columns: names of the frame's columns; only these may be called like what Spark tells of itself.
        stop: is asked now and then whether to go on.

    Raises:
        PlanRefused: for everything that is not allowed; nothing else is raised for any bytes.
        Interrupted: `stop` says so.
    """
    place = Place(Budget(stop), columns=frozenset(fold(name) for name in columns))
    match method:
        case Method.EXECUTE:
            return _execute(rebuild(decode(pb.ExecutePlanRequest, payload), place).plan)
        case Method.ANALYZE:
            return _analyze(rebuild(decode(pb.AnalyzePlanRequest, payload), place))
        case Method.CONFIG:
            return _config(rebuild(decode(pb.ConfigRequest, payload)).operation)


def _execute(plan: pb.Plan) -> Request:
    command = plan.command
    match (plan.WhichOneof("op_type"), command.WhichOneof("command_type")):
        case ("root", _):
            return Fetch(plan.root)
        case ("command", "create_dataframe_view"):
            view = command.create_dataframe_view
            _required(view.input)
            return DefineView(check_view_name(view.name), view.input, view.replace)
        case ("command", "sql_command"):
            return _run_sql(command.sql_command.input)
    raise _garbage("an empty request")


def _run_sql(relation: pb.Relation) -> RunSql:
    root, inputs = relation, []
    if relation.WhichOneof("rel_type") == "with_relations":
        root = relation.with_relations.root
        names = [check_view_name(name) for name in referenced_views(relation.with_relations)]
        if len(set(names)) != len(names):
            raise _garbage("spark.sql with one view twice")
        plans = [_required(item.subquery_alias.input) for item in relation.with_relations.references]
        inputs = list(zip(names, plans, strict=True))
    if root.WhichOneof("rel_type") != "sql":
        raise _garbage("a SQL command without text")
    sql = root.sql
    named = tuple((key, sql.named_arguments[key]) for key in sorted(sql.named_arguments))
    return RunSql(sql.query, tuple(sql.pos_arguments), named, tuple(inputs))


def _analyze(request: pb.AnalyzePlanRequest) -> Request:
    kind = request.WhichOneof("analyze")
    body: Any = getattr(request, kind) if kind else None
    match kind:
        case "schema":
            return Schema(_root(body.plan))
        case "tree_string":
            return TreeString(_root(body.plan), body.level if body.HasField("level") else None)
        case "is_local":
            return IsLocal(_root(body.plan))
        case "is_streaming":
            return IsStreaming(_root(body.plan))
        case "same_semantics":
            return SameSemantics(_root(body.target_plan), _root(body.other_plan))
        case "semantic_hash":
            return SemanticHash(_root(body.plan))
        case "persist":
            return Persist()
        case "unpersist":
            return Unpersist()
        case "get_storage_level":
            return StorageLevel()
        case "spark_version":
            return SparkVersion()
        case "ddl_parse":
            return DdlParse(body.ddl_string)
        case "json_to_ddl":
            return JsonToDdl(body.json_string)
    raise _garbage("an empty request")


def _config(operation: pb.ConfigRequest.Operation) -> ConfigGet:
    kind = operation.WhichOneof("op_type")
    pairs: tuple[tuple[str, str | None], ...]
    if kind is None:
        raise _garbage("an empty request")
    body: Any = getattr(operation, kind)
    if kind == "get_with_default":
        pairs = tuple((pair.key, pair.value if pair.HasField("value") else None) for pair in body.pairs)
    elif kind == "get_all":
        pairs = ((body.prefix, None),) if body.HasField("prefix") else ()
    else:
        pairs = tuple((key, None) for key in body.keys)
    if len(pairs) > MAX_CONFIG_KEYS:
        raise PlanRefused("plan-too-large", f"spark.conf: more than {MAX_CONFIG_KEYS} keys at once", "")
    return ConfigGet(kind, pairs)


def _root(plan: pb.Plan) -> pb.Relation:
    if plan.WhichOneof("op_type") != "root":
        raise _garbage("an analysis of something that is not a DataFrame")
    return plan.root


def _required(relation: pb.Relation) -> pb.Relation:
    if relation.WhichOneof("rel_type") is None:
        raise _garbage("a view of nothing")
    return relation


def _garbage(what: str) -> PlanRefused:
    return PlanRefused("plan-garbage", f"{what} is not a request of PySpark 4.2", "")
