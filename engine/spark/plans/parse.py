"""Trusted side: from the bytes of a request to one small dataclass with rebuilt plans.

What a caller of `parse_request` gets was built here: no byte of the guest's message is in it that the
tables did not name.
"""

from __future__ import annotations

from typing import TypeAlias

import pyspark.sql.connect.proto as pb

from engine.errors import PlanRefused
from engine.spark.plans.caps import MAX_CONFIG_BYTES, MAX_CONFIG_KEYS
from engine.spark.plans.decode import decode
from engine.spark.plans.expressions import UDF
from engine.spark.plans.function_maps import ALL_MAP_KINDS
from engine.spark.plans.names import check_view_name
from engine.spark.plans.rebuild import rebuild
from engine.spark.plans.relation_checks import referenced_views
from engine.spark.plans.requests import (
    ConfigGet,
    ConfigSet,
    DdlParse,
    DefineView,
    DropView,
    Fetch,
    IsLocal,
    IsStreaming,
    JsonToDdl,
    Persist,
    RegisterFunction,
    Request,
    RunSql,
    SameSemantics,
    Schema,
    SemanticHash,
    SparkVersion,
    StorageLevel,
    TreeString,
    Unpersist,
    ViewExists,
)
from engine.spark.plans.rules import Budget, Place
from engine.spark.text.hidden import fold
from engine.spark.text.stopping import Stop, never
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
            request = decode(pb.ExecutePlanRequest, payload)
            return _about_views(request.plan) or _execute(rebuild(request, place).plan)
        case Method.ANALYZE:
            return _analyze(rebuild(decode(pb.AnalyzePlanRequest, payload), place))
        case Method.CONFIG:
            if len(payload) > MAX_CONFIG_BYTES:
                raise PlanRefused("plan-too-large", "spark.conf: more than 64 KiB at once", "")
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
        case ("command", "register_function"):
            if command.register_function.arguments:
                raise _garbage("a function that is registered with arguments")
            if command.register_function.python_udf.eval_type in ALL_MAP_KINDS:
                raise UDF.error()  # it makes rows of DataFrames, and has no name in expressions
            return RegisterFunction(command.register_function)
        case ("command", "sql_command"):
            return _run_sql(command.sql_command.input)
    raise _garbage("an empty request")


def _about_views(plan: pb.Plan) -> Request | None:
    """What asks for a view of the metric's own, which only the engine knows; the rest is refused."""
    catalog = plan.root.catalog
    match catalog.WhichOneof("cat_type"):
        case "table_exists" if not catalog.table_exists.HasField("db_name"):
            return ViewExists(check_view_name(catalog.table_exists.table_name))
        case "drop_temp_view":
            return DropView(check_view_name(catalog.drop_temp_view.view_name))
    return None


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
    match kind:
        case "schema":
            return Schema(_root(request.schema.plan))
        case "tree_string":
            tree = request.tree_string
            return TreeString(_root(tree.plan), tree.level if tree.HasField("level") else None)
        case "is_local":
            return IsLocal(_root(request.is_local.plan))
        case "is_streaming":
            return IsStreaming(_root(request.is_streaming.plan))
        case "same_semantics":
            pair = request.same_semantics
            return SameSemantics(_root(pair.target_plan), _root(pair.other_plan))
        case "semantic_hash":
            return SemanticHash(_root(request.semantic_hash.plan))
        case "persist":
            return Persist()
        case "unpersist":
            return Unpersist()
        case "get_storage_level":
            return StorageLevel()
        case "spark_version":
            return SparkVersion()
        case "ddl_parse":
            return DdlParse(request.ddl_parse.ddl_string)
        case "json_to_ddl":
            return JsonToDdl(request.json_to_ddl.json_string)
    raise _garbage("an empty request")


_Asked: TypeAlias = pb.ConfigRequest.Get | pb.ConfigRequest.GetOption | pb.ConfigRequest.IsModifiable


def _config(operation: pb.ConfigRequest.Operation) -> ConfigGet | ConfigSet:
    kind = operation.WhichOneof("op_type")
    pairs: tuple[tuple[str, str | None], ...]
    if kind is None or kind == "unset":
        raise _garbage("a request of the configuration that neither reads nor sets")
    if kind == "set":
        return ConfigSet(tuple((pair.key, pair.value) for pair in operation.set.pairs))
    if kind == "get_with_default":
        given = operation.get_with_default.pairs
        pairs = tuple((pair.key, pair.value if pair.HasField("value") else None) for pair in given)
    elif kind == "get_all":
        every = operation.get_all
        pairs = ((every.prefix, None),) if every.HasField("prefix") else ()
    else:
        asked: _Asked = getattr(operation, kind)
        pairs = tuple((key, None) for key in asked.keys)
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
