"""Trusted side: from the bytes of a request to one small dataclass with rebuilt plans.

What a caller of `parse_request` gets was built here: no byte of the guest's message is in it that the
tables did not name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import pyspark.sql.connect.proto as pb

from engine.errors import PlanRefused
from engine.plans.caps import MAX_CONFIG_KEYS
from engine.plans.decode import decode
from engine.plans.names import check_view_name
from engine.plans.rebuild import rebuild
from engine.plans.relation_checks import referenced_views
from engine.plans.rules import Place
from engine.sql.hidden import fold
from sandbox.contract.framing import Method

ConfigKind = Literal["get", "get_with_default", "get_option", "get_all", "is_modifiable"]


@dataclass(frozen=True, slots=True)
class Fetch:
    """Run a plan and return its rows."""

    relation: pb.Relation


@dataclass(frozen=True, slots=True)
class DefineView:
    """`createTempView` and `createOrReplaceTempView`; `name` is normalised."""

    name: str
    relation: pb.Relation
    replace: bool


@dataclass(frozen=True, slots=True)
class RunSql:
    """`spark.sql`; make a relation of it with `sql_relation`.

    Attributes:
        query: the author's text, not yet checked: that needs the guest's views.
        positional: values of `?` markers.
        named: values of `:name` markers.
        inputs: DataFrames formatted into the text, by the name that PySpark gave each.
    """

    query: str
    positional: tuple[pb.Expression, ...]
    named: tuple[tuple[str, pb.Expression], ...]
    inputs: tuple[tuple[str, pb.Relation], ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """Describe the columns of a plan."""

    relation: pb.Relation


@dataclass(frozen=True, slots=True)
class TreeString:
    """Describe the columns of a plan as a tree; `level` levels, or all."""

    relation: pb.Relation
    level: int | None


@dataclass(frozen=True, slots=True)
class IsLocal:
    """`df.isLocal()`."""

    relation: pb.Relation


@dataclass(frozen=True, slots=True)
class IsStreaming:
    """`df.isStreaming`."""

    relation: pb.Relation


@dataclass(frozen=True, slots=True)
class SameSemantics:
    """`df.sameSemantics(other)`."""

    relation: pb.Relation
    other: pb.Relation


@dataclass(frozen=True, slots=True)
class SemanticHash:
    """`df.semanticHash()`."""

    relation: pb.Relation


@dataclass(frozen=True, slots=True)
class Persist:
    """`df.cache()`, `df.persist()`: accepted, and nothing is done."""


@dataclass(frozen=True, slots=True)
class Unpersist:
    """`df.unpersist()`: accepted, and nothing is done."""


@dataclass(frozen=True, slots=True)
class StorageLevel:
    """`df.storageLevel`: nothing is ever stored."""


@dataclass(frozen=True, slots=True)
class SparkVersion:
    """`spark.version`."""


@dataclass(frozen=True, slots=True)
class DdlParse:
    """Parse a type or schema; `text` is checked and re-emitted."""

    text: str


@dataclass(frozen=True, slots=True)
class JsonToDdl:
    """Write a JSON schema as DDL; `text` is checked and written anew."""

    text: str


@dataclass(frozen=True, slots=True)
class ConfigGet:
    """Read configuration.

    Attributes:
        kind: which read.
        keys: keys, each with the caller's default, or None. For "get_all" the prefix, if any.
    """

    kind: ConfigKind
    keys: tuple[tuple[str, str | None], ...]


Request: TypeAlias = (
    Fetch
    | DefineView
    | RunSql
    | Schema
    | TreeString
    | IsLocal
    | IsStreaming
    | SameSemantics
    | SemanticHash
    | Persist
    | Unpersist
    | StorageLevel
    | SparkVersion
    | DdlParse
    | JsonToDdl
    | ConfigGet
)


def parse_request(
    method: Method, payload: bytes | memoryview, *, columns: frozenset[str] = frozenset()
) -> Request:
    """Parse and rebuild one request of a worker.

    Args:
        method: which Spark Connect call it is.
        payload: the hostile bytes.
        columns: names of the frame's columns; only these may be called like what Spark tells of itself.

    Raises:
        PlanRefused: for everything that is not allowed; nothing else is raised for any bytes.
    """
    place = Place(columns=frozenset(fold(name) for name in columns))
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
