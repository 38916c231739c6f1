"""What a guest must not be able to say, as protobuf, and every place of a plan that could hold it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyspark.sql.connect.proto as pb

from engine.spark.plans.function_maps import MAP_KINDS
from engine.spark.plans.rules import Walk
from engine.spark.plans.tables import FIELDS
from sandbox.contract.settings import FUNCTION_TOKEN, PLACEHOLDER

Build = Callable[[Any], None]


def _set(path: str, value: Any) -> Build:
    """Set a field below a message, given by its dotted path; None only makes it present."""

    def build(message: Any) -> None:
        *parents, last = path.split(".")
        for name in parents:
            message = getattr(message, name)
            message = message.add() if hasattr(message, "add") else message
        if value is None:
            getattr(message, last).SetInParent()
        elif isinstance(value, list):
            getattr(message, last).extend(value)
        else:
            setattr(message, last, value)

    return build


def _options(path: str) -> Build:
    def build(message: Any) -> None:
        *parents, last = path.split(".")
        for name in parents:
            message = getattr(message, name)
        getattr(message, last)["path"] = "/etc/passwd"

    return build


def _both(*builds: Build) -> Build:
    def build(message: Any) -> None:
        for one in builds:
            one(message)

    return build


# name -> (code, how to build it in an empty Relation)
RELATIONS: dict[str, tuple[str | None, Build]] = {
    "read a file": ("read-refused", _set("read.data_source.paths", ["/etc/passwd"])),
    "read a format": ("read-refused", _set("read.data_source.format", "jdbc")),
    "read a stream": (
        "streaming-refused",
        _both(_set("read.named_table.unparsed_identifier", "frame"), _set("read.is_streaming", True)),
    ),
    "read with options": (
        "read-refused",
        _both(_set("read.named_table.unparsed_identifier", "frame"), _options("read.named_table.options")),
    ),
    "path as a table": ("read-refused", _set("read.named_table.unparsed_identifier", "text.`/etc/passwd`")),
    "quoted path": ("read-refused", _set("read.named_table.unparsed_identifier", "`text`.`/etc/passwd`")),
    "other catalog": (
        "read-refused",
        _set("read.named_table.unparsed_identifier", "spark_catalog.default.t"),
    ),
    "system table": (
        "read-refused",
        _set("read.named_table.unparsed_identifier", "system.information_schema.x"),
    ),
    "reserved view": ("read-refused", _set("read.named_table.unparsed_identifier", "_calcmetric_view_0")),
    "empty table name": ("read-refused", _set("read.named_table.unparsed_identifier", " ")),
    "changes of a table": ("read-refused", _set("relation_changes.unparsed_identifier", "t")),
    "parse with options": ("read-refused", _options("parse.options")),
    "mapInPandas": ("udf-refused", _set("map_partitions.func.python_udf.command", b"x")),
    "applyInPandas": ("udf-refused", _set("group_map.func.python_udf.command", b"x")),
    "cogroup": ("udf-refused", _set("co_group_map.func.python_udf.command", b"x")),
    "state": ("udf-refused", _set("apply_in_pandas_with_state.func.python_udf.command", b"x")),
    "table function": ("udf-refused", _set("common_inline_user_defined_table_function.function_name", "f")),
    "data source": ("udf-refused", _set("common_inline_user_defined_data_source.name", "f")),
    "observe": ("plan-refused", _set("collect_metrics.name", "o")),
    "watermark": ("streaming-refused", _set("with_watermark.event_time", "t")),
    "watermark dedup": ("streaming-refused", _set("deduplicate.within_watermark", True)),
    "cached local": ("plan-refused", _set("cached_local_relation.hash", "x")),
    "chunked local": ("plan-refused", _set("chunked_cached_local_relation.dataHashes", ["x"])),
    "cached remote": ("plan-refused", _set("cached_remote_relation.relation_id", "x")),
    "catalog": ("catalog-refused", _set("catalog.list_tables", None)),
    "refresh a path": ("catalog-refused", _set("catalog.refresh_by_path.path", "/")),
    "create a table": ("catalog-refused", _set("catalog.create_table.table_name", "t")),
    "ml": ("plan-refused", _set("ml_relation.transform.obj_ref.id", "x")),
    "extension": ("plan-refused", _set("extension.type_url", "x")),
    "unknown": ("plan-refused", _set("unknown", None)),
    "nothing": ("plan-garbage", lambda relation: None),
    "sql over a file": ("table-refused", _set("sql.query", "SELECT * FROM text.`/etc/passwd`")),
    "sql over a table": ("table-refused", _set("sql.query", "SELECT * FROM customers")),
    "sql over the frame": ("table-refused", _set("sql.query", "SELECT * FROM frame")),
    "sql with an old argument": (
        "plan-refused",
        _both(_set("sql.query", "SELECT 1"), _set("sql.pos_args.integer", 1)),
    ),
    "huge range": ("plan-too-large", _both(_set("range.end", 10**9), _set("range.step", 1))),
    "endless range": ("plan-too-large", _set("range.end", 10)),
    "huge negative range": ("plan-too-large", _both(_set("range.end", -(10**9)), _set("range.step", -1))),
    "widest range": (
        "plan-too-large",
        _both(_set("range.start", -(2**63)), _set("range.end", 2**63 - 1), _set("range.step", 1)),
    ),
    "range in many parts": (
        "plan-too-large",
        _both(_set("range.end", 1), _set("range.step", 1), _set("range.num_partitions", 10**6)),
    ),
    "many partitions": ("plan-too-large", _set("repartition.num_partitions", 10**6)),
    "many partitions by value": ("plan-too-large", _set("repartition_by_expression.num_partitions", 10**6)),
    "many partitions by hint": (
        "plan-too-large",
        _both(_set("hint.name", "repartition"), _set("hint.parameters.literal.integer", 10**6)),
    ),
    "unknown hint": ("plan-refused", _set("hint.name", "index")),
    "huge sample": ("plan-too-large", _set("sample.upper_bound", 1e9)),
    "NaN sample": ("plan-too-large", _set("sample.upper_bound", float("nan"))),
    "unknown table function": (
        "function-refused",
        _set("unresolved_table_valued_function.function_name", "read_files"),
    ),
    "worker logs": (
        "function-refused",
        _set("unresolved_table_valued_function.function_name", "python_worker_logs"),
    ),
    "range function": ("function-refused", _set("unresolved_table_valued_function.function_name", "range")),
    "qualified alias": ("plan-refused", _set("subquery_alias.qualifier", ["a"])),
    "java class in a schema": (
        "schema-refused",
        _set("local_relation.schema", '{"type":"udt","class":"java.lang.Object","sqlType":"string"}'),
    ),
    "java class in a type": ("type-refused", _set("to_schema.schema.udt.jvm_class", "java.lang.Object")),
    "SQL in a schema": (
        "schema-refused",
        _set(
            "local_relation.schema",
            '{"type":"struct","fields":[{"name":"a","type":"string","nullable":true,'
            '"metadata":{"CURRENT_DEFAULT":"current_user()"}}]}',
        ),
    ),
    "SQL in a type": (
        "plan-refused",
        _set("to_schema.schema.struct.fields.metadata", '{"EXISTS_DEFAULT": "current_user()"}'),
    ),
    "hidden column of dedup": ("hidden-column", _set("deduplicate.column_names", ["_metadata"])),
    "hidden column of drop": ("hidden-column", _set("drop.column_names", ["_METADATA.file_path"])),
    "hidden column of crosstab": ("hidden-column", _set("crosstab.col1", "_metadata.file_name")),
    "hidden column of corr": ("hidden-column", _set("corr.col2", "`_metadata`.file_size")),
    "hidden column of cov": ("hidden-column", _set("cov.col1", "frame._metadata.file_size")),
    "hidden column of quantile": (
        "hidden-column",
        _set("approx_quantile.cols", ["a", "_metadata.file_size"]),
    ),
    "hidden column of freqItems": ("hidden-column", _set("freq_items.cols", ["_metadata.file_path"])),
    "hidden column of fill": ("hidden-column", _set("fill_na.cols", ["_metadata"])),
    "hidden column of describe": ("hidden-column", _set("describe.cols", ["_metadata.file_size"])),
    "hidden column of join": ("hidden-column", _set("join.using_columns", ["_metadata"])),
    "hidden column of rename": ("hidden-column", _set("with_columns_renamed.renames.col_name", "_metadata")),
    "plan id out of range": (
        "plan-garbage",
        _both(_set("limit.input", None), _set("common.plan_id", 1 << 60)),
    ),
    "negative plan id": ("plan-garbage", _both(_set("limit.input", None), _set("common.plan_id", -1))),
    "unknown join": ("plan-unknown", _set("join.join_type", 99)),
    "scala join": ("plan-refused", _set("join.join_data_type.is_left_struct", True)),
}


def _function(*keywords: str, kind: int = 101) -> Build:
    """Call a function of the author, with an argument by each keyword; "": by position."""

    def build(expression: Any) -> None:
        call = expression.common_inline_user_defined_function
        call.function_name, call.deterministic = "f", True
        call.python_udf.eval_type, call.python_udf.command = kind, b"calcmetric-function-0"
        call.python_udf.output_type.double.SetInParent()
        for keyword in keywords:
            argument = call.arguments.add()
            if keyword:
                argument.named_argument_expression.key = keyword
                argument = argument.named_argument_expression.value
            argument.literal.integer = 1

    return build


def _keyword_in_keyword(expression: Any) -> None:
    _function("a")(expression)
    [argument] = expression.common_inline_user_defined_function.arguments
    argument.named_argument_expression.value.named_argument_expression.key = "b"


# name -> (code, how to build it in an empty Expression)
EXPRESSIONS: dict[str, tuple[str | None, Build]] = {
    "udf": ("udf-refused", _set("common_inline_user_defined_function.python_udf.command", b"x")),
    "java udf": ("udf-refused", _set("common_inline_user_defined_function.java_udf.class_name", "x")),
    "scala aggregate": ("udf-refused", _set("typed_aggregate_expression.scalar_scala_udf.payload", b"x")),
    "named argument": ("plan-refused", _set("named_argument_expression.key", "x")),
    "named argument of a function of Spark": (
        "plan-refused",
        _both(
            _set("unresolved_function.function_name", "abs"),
            _set("unresolved_function.arguments.named_argument_expression.key", "x"),
        ),
    ),
    "named argument in another": ("plan-refused", _keyword_in_keyword),
    "keyword twice": ("udf-refused", _function("a", "b", "a")),
    "place after a keyword": ("udf-refused", _function("a", "")),
    "keyword that is no name": ("udf-refused", _function("", "a b")),
    "long keyword": ("udf-refused", _function("a" * 101)),
    "keyword of an iterator": ("udf-refused", _function("a", kind=204)),
    "merge": ("write-refused", _set("merge_action.action_type", 1)),
    "extension": ("plan-refused", _set("extension.type_url", "x")),
    "nothing": ("plan-garbage", lambda expression: None),
    "reflect": ("function-refused", _set("unresolved_function.function_name", "reflect")),
    "java_method": ("function-refused", _set("unresolved_function.function_name", "Java_Method")),
    "try_reflect": ("function-refused", _set("call_function.function_name", "try_reflect")),
    "input_file_name": ("function-refused", _set("unresolved_function.function_name", "input_file_name")),
    "qualified function": ("function-refused", _set("call_function.function_name", "system.builtin.abs")),
    "quoted function": ("function-refused", _set("call_function.function_name", "`reflect`")),
    "spaced function": ("function-refused", _set("call_function.function_name", " reflect")),
    "unknown function": ("function-refused", _set("unresolved_function.function_name", "my_udf")),
    "fullwidth function": ("function-refused", _set("unresolved_function.function_name", "\uff52eflect")),
    "flagged as a udf": (
        "udf-refused",
        _both(
            _set("unresolved_function.function_name", "abs"),
            _set("unresolved_function.is_user_defined_function", True),
        ),
    ),
    "flagged as internal": (
        "plan-refused",
        _both(
            _set("unresolved_function.function_name", "abs"), _set("unresolved_function.is_internal", True)
        ),
    ),
    "text reflect": (
        "function-refused",
        _set("expression_string.expression", "reflect('java.lang.Runtime', 'x')"),
    ),
    "text file": (None, _set("expression_string.expression", "(select max(value) from text.`/etc/passwd`)")),
    "text hidden column": ("hidden-column", _set("expression_string.expression", "_metadata.file_path")),
    "hidden column": (
        "hidden-column",
        _set("unresolved_attribute.unparsed_identifier", "_metadata.file_path"),
    ),
    "hidden quoted": (
        "hidden-column",
        _set("unresolved_attribute.unparsed_identifier", "`_metadata`.file_path"),
    ),
    "hidden case": ("hidden-column", _set("unresolved_attribute.unparsed_identifier", "_MetaData")),
    "hidden qualified": (
        "hidden-column",
        _set("unresolved_attribute.unparsed_identifier", "a.b.`_Metadata`.x"),
    ),
    "hidden renamed": ("hidden-column", _set("unresolved_attribute.unparsed_identifier", "__metadata")),
    "hidden iceberg": ("hidden-column", _set("unresolved_attribute.unparsed_identifier", "_fİle")),
    "hidden flag": (
        "hidden-column",
        _both(
            _set("unresolved_attribute.unparsed_identifier", "a"),
            _set("unresolved_attribute.is_metadata_column", True),
        ),
    ),
    "hidden star": ("hidden-column", _set("unresolved_star.unparsed_target", "_metadata.*")),
    "hidden regex": ("hidden-column", _set("unresolved_regex.col_name", "_metadata")),
    "hidden alias": ("hidden-column", _set("alias.name", ["_metadata"])),
    "hidden update": ("hidden-column", _set("update_fields.field_name", "_metadata.x")),
    "hidden extraction": (
        "hidden-column",
        _set("unresolved_extract_value.extraction.literal.string", "_metadata"),
    ),
    "hidden lambda": ("plan-garbage", _set("unresolved_named_lambda_variable.name_parts", ["_metadata"])),
    "alias metadata": ("plan-refused", _set("alias.metadata", '{"__metadata_col": true}')),
    "alias SQL": ("plan-refused", _set("alias.metadata", '{"CURRENT_DEFAULT": "1"}')),
    "alias not an object": ("plan-refused", _set("alias.metadata", "[1]")),
    "udt cast": ("type-refused", _set("cast.type.udt.jvm_class", "x")),
    "text type": (None, _set("cast.type_str", "int) from t -- ")),
    "unparsed type": (None, _set("cast.type.unparsed.data_type_string", "udt<x>")),
    "table argument": ("udf-refused", _set("subquery_expression.subquery_type", 3)),
    "table options": (
        "udf-refused",
        _set("subquery_expression.table_arg_options.with_single_partition", True),
    ),
    "long text": ("plan-too-large", _set("literal.string", "x" * (1 << 20) + "x")),
    "plan id out of range": ("plan-garbage", _set("unresolved_attribute.plan_id", 1 << 50)),
}


def code_at(place: str, name: str) -> str | None:
    """The code with which a hostile expression is refused at a place."""
    if place == "NamedArgumentExpression.value":  # it is refused before: a named argument in no call
        return "plan-refused"
    if (place, name) == ("CommonInlineUserDefinedFunction.arguments", "named argument"):
        return "udf-refused"  # it may stand there, but the function is none
    return EXPRESSIONS[name][0]


def schema_call(schema: Build) -> Build:
    """from_json with a schema."""

    def build(expression: Any) -> None:
        call = expression.unresolved_function
        call.function_name = "From_JSON"
        call.arguments.add().unresolved_attribute.unparsed_identifier = "j"
        schema(call.arguments.add())

    return build


EXPRESSIONS["json schema with a class"] = (
    "schema-refused",
    schema_call(_set("literal.string", '{"type":"udt","class":"java.lang.Object","sqlType":"string"}')),
)
EXPRESSIONS["json schema put together"] = (
    "function-refused",
    schema_call(_set("unresolved_function.function_name", "concat")),
)


def positions(kind: str) -> Iterator[tuple[str, Callable[[pb.Relation], Any]]]:
    """Every field of every message that a plan may hold where a `kind` ("Relation", "Expression") can be.

    Yields:
        a name, and a function that makes the shortest plan with an empty message at that field, fills
        the given relation with it, and returns the empty message.
    """
    paths: dict[str, tuple[str, ...]] = {"Relation": ()}
    work = ["Relation"]
    while work:
        name = work.pop(0)
        descriptor = _descriptor(name)
        for field in descriptor.fields:
            child = _child(field)
            if child is None or not isinstance(FIELDS[name][field.name], Walk):
                continue
            path = (*paths[name], field.name)
            if _short(child) == kind:
                yield f"{name}.{field.name}", _planter(path)
            if _short(child) not in paths:
                paths[_short(child)] = path
                work.append(_short(child))


def _planter(path: tuple[str, ...]) -> Callable[[pb.Relation], Any]:
    def plant(relation: pb.Relation) -> Any:
        message: Any = relation
        for name, following in zip(path, (*path[1:], ""), strict=True):
            message = getattr(message, name)
            if hasattr(message, "add"):
                message = message.add()
            elif hasattr(message, "get_or_create"):
                message = message["key"]
            if name in _MAP_KIND:
                _fill(message.func, _MAP_KIND[name])
                for one in {"input", "other"} - {following}:
                    if one in message.DESCRIPTOR.fields_by_name:
                        _give(getattr(message, one))
            elif isinstance(message, pb.CommonInlineUserDefinedFunction) and name != "func":
                _fill(message, 101)
        return message

    return plant


_MAP_KIND = {name: min(kinds) for name, kinds in MAP_KINDS.items()}


def _give(input_: pb.Relation) -> None:
    input_.read.named_table.unparsed_identifier = PLACEHOLDER


def _fill(function: pb.CommonInlineUserDefinedFunction, kind: int) -> None:
    function.deterministic = True
    function.python_udf.eval_type = kind
    function.python_udf.command = FUNCTION_TOKEN % 0
    function.python_udf.output_type.double.SetInParent()


_DESCRIPTORS: dict[str, Any] = {"Relation": pb.Relation.DESCRIPTOR}


def _descriptor(name: str) -> Any:
    return _DESCRIPTORS[name]


def _child(field: Any) -> Any:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        kind = kind.fields_by_name["value"].message_type
    if kind is not None:
        _DESCRIPTORS.setdefault(_short(kind), kind)
    return kind


def _short(descriptor: Any) -> str:
    return str(descriptor.full_name).removeprefix("spark.connect.")
