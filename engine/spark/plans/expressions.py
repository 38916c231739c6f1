"""Trusted side: which expressions a plan may hold. All 22 kinds of PySpark 4.2 are classified."""

from __future__ import annotations

import re
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.errors import PlanRefused
from engine.spark.plans.function_maps import ALL_MAP_KINDS
from engine.spark.plans.lambdas import check_lambda, check_variable
from engine.spark.plans.names import check_column, check_identifier, check_metadata, check_plan_id
from engine.spark.plans.rules import KEEP, WALK, Drop, Fields, Keep, MessageCheck, Place, Refuse, unused
from engine.spark.plans.text import check_call, check_expression_text, check_function, check_type_text
from engine.spark.text.hidden import is_hidden
from sandbox.contract.settings import DIGEST, FUNCTION_TOKEN

UDF = Refuse(
    "a user-defined function (F.udf, F.pandas_udf, spark.udf.register)",
    "code of a metric runs in its sandbox, never in the data engine",
    "use pyspark.sql.functions, or collect what is needed and compute in Python",
    "udf-refused",
)
_NAMED: Final = Refuse(
    "a named argument", "only user-defined functions take them", "pass the argument by position"
)
_TOKEN: Final = re.compile(
    re.escape(FUNCTION_TOKEN).replace(b"%d", rb"\d{1,6}") + b"(?:" + DIGEST.pattern + b")?"
)
# PySpark's numbers of how functions are applied (`pyspark.util.PythonEvalType`).
_ROW_KINDS: Final = frozenset({100, 101})
# What pandas rounds in a batch with a null: in groups all batches become one, but for iterators.
ROUNDING_KINDS: Final = frozenset({200, 204, 217})
# Of batches of rows; of groups; and of iterators of those, of which one is applied at a time.
BATCHED_KINDS: Final = frozenset({200, 204, 250, 251})
AGGREGATE_KINDS: Final = frozenset({202, 217, 252, 254})
ITERATOR_KINDS: Final = frozenset({204, 217, 251, 254})
# Of one row at a time, or of batches in which each row is by itself.
SHARED_KINDS: Final = _ROW_KINDS | (BATCHED_KINDS - ITERATOR_KINDS)
APPLIED_KINDS: Final = _ROW_KINDS | BATCHED_KINDS | AGGREGATE_KINDS
_KEYWORD_CHARACTERS: Final = 100
_CALL_SITE = Drop("where in the author's code it was made; the engine finds lines by itself")


def check_token(command: bytes, _place: Place) -> bytes:
    """Check what stands for a function of the author: a number that its worker gave it, never a pickle.

    Raises:
        PlanRefused: for anything else.
    """
    if _TOKEN.fullmatch(command) is None:
        raise UDF.error()
    return command


def check_keyword(key: str, _place: Place) -> str:
    """Check the name of an argument of a function of the author.

    Raises:
        PlanRefused: for what is no name of a parameter.
    """
    if not key.isidentifier() or len(key) > _KEYWORD_CHARACTERS:
        what = f"an argument by the keyword {key[:60]!r} is refused: it is not the name of a parameter"
        raise PlanRefused("udf-refused", what, "name the function's parameters in letters and digits")
    return key


EXPRESSIONS: Fields = {
    "Expression": {
        "common": _CALL_SITE,
        **dict.fromkeys(
            [
                "literal",
                "unresolved_attribute",
                "unresolved_function",
                "expression_string",
                "unresolved_star",
                "alias",
                "cast",
                "unresolved_regex",
                "sort_order",
                "lambda_function",
                "window",
                "unresolved_extract_value",
                "update_fields",
                "unresolved_named_lambda_variable",
                "call_function",
                "subquery_expression",
                "direct_shuffle_partition_id",
            ],
            WALK,
        ),
        "common_inline_user_defined_function": WALK,  # no data engine gets it; see `engine.spark.functions`
        "typed_aggregate_expression": UDF,
        "named_argument_expression": WALK,  # `check_expression_kind` looks where it stands
        "merge_action": Refuse("df.mergeInto", "a metric writes nothing", "", "write-refused"),
        "extension": unused("an extension of Spark Connect"),
    },
    "CommonInlineUserDefinedFunction": {
        "function_name": Keep(check_column),
        "deterministic": KEEP,  # `check_user_function` looks at it
        "arguments": WALK,
        "python_udf": WALK,
        "scalar_scala_udf": UDF,
        "java_udf": UDF,
        "is_distinct": unused("a user-defined function of distinct values"),
    },
    "PythonUDF": {
        "output_type": WALK,
        "eval_type": KEEP,
        "command": Keep(check_token),
        "python_ver": Drop("the worker has one Python"),
        "additional_includes": unused("a file for a user-defined function"),
    },
    "NamedArgumentExpression": {"key": Keep(check_keyword), "value": WALK},
    "Expression.UnresolvedAttribute": {
        "unparsed_identifier": Keep(check_identifier),
        "plan_id": Keep(check_plan_id),
        "is_metadata_column": Refuse(
            "df.metadataColumn",
            "hidden columns tell about files, not data",
            "use the columns that df.columns lists",
            "hidden-column",
        ),
    },
    "Expression.UnresolvedFunction": {
        "function_name": Keep(check_function),
        "arguments": WALK,
        "is_distinct": KEEP,
        "is_user_defined_function": UDF,
        "is_internal": unused("an internal function of Spark"),
    },
    "CallFunction": {"function_name": Keep(check_function), "arguments": WALK},
    "Expression.ExpressionString": {"expression": Keep(check_expression_text)},
    "Expression.UnresolvedStar": {"unparsed_target": Keep(check_column), "plan_id": Keep(check_plan_id)},
    "Expression.UnresolvedRegex": {"col_name": Keep(check_identifier), "plan_id": Keep(check_plan_id)},
    "Expression.Alias": {"expr": WALK, "name": Keep(check_column), "metadata": Keep(check_metadata)},
    "Expression.Cast": {
        "expr": WALK,
        "type": WALK,
        "type_str": Keep(check_type_text),
        "eval_mode": KEEP,
    },
    "Expression.SortOrder": {"child": WALK, "direction": KEEP, "null_ordering": KEEP},
    "Expression.LambdaFunction": {"function": WALK, "arguments": WALK},
    "Expression.UnresolvedNamedLambdaVariable": {"name_parts": KEEP},  # `check_variable` looks at it
    "Expression.Window": {
        "window_function": WALK,
        "partition_spec": WALK,
        "order_spec": WALK,
        "frame_spec": WALK,
    },
    "Expression.Window.WindowFrame": {"frame_type": KEEP, "lower": WALK, "upper": WALK},
    "Expression.Window.WindowFrame.FrameBoundary": {"current_row": KEEP, "unbounded": KEEP, "value": WALK},
    "Expression.UnresolvedExtractValue": {"child": WALK, "extraction": WALK},
    "Expression.UpdateFields": {
        "struct_expression": WALK,
        "field_name": Keep(check_column),
        "value_expression": WALK,
    },
    "Expression.DirectShufflePartitionID": {"child": WALK},
    "SubqueryExpression": {
        "plan_id": Keep(check_plan_id),
        "subquery_type": KEEP,
        "in_subquery_values": WALK,
        "table_arg_options": Refuse(
            "df.asTable()", "only user-defined table functions take tables", "", "udf-refused"
        ),
    },
}


def check_extraction(extract: pb.Expression.UnresolvedExtractValue, place: Place) -> None:
    """Check `column["name"]`.

    Raises:
        PlanRefused: if the name is that of a hidden column.
    """
    literal = extract.extraction.literal
    if literal.WhichOneof("literal_type") == "string" and is_hidden(literal.string):
        check_column(literal.string, place)


def check_user_function(call: pb.CommonInlineUserDefinedFunction, place: Place) -> None:
    """Check a function of the author.

    Raises:
        PlanRefused: if it is of a kind that is not applied.
    """
    if call.WhichOneof("function") != "python_udf" or not call.python_udf.HasField("output_type"):
        raise UDF.error()
    check_token(call.python_udf.command, place)  # an empty one would not be looked at
    kind = call.python_udf.eval_type
    if kind not in APPLIED_KINDS | ALL_MAP_KINDS:
        what = "a user-defined function of this kind is refused: it is not applied here"
        raise PlanRefused("udf-refused", what, "use F.udf, F.pandas_udf or F.arrow_udf")
    _check_keywords(call, kind)


def _check_keywords(call: pb.CommonInlineUserDefinedFunction, kind: int) -> None:
    named = [one.WhichOneof("expr_type") == "named_argument_expression" for one in call.arguments]
    if not any(named):
        return
    keys = [one.named_argument_expression.key for one in call.arguments][named.index(True) :]
    if not all(named[named.index(True) :]) or len(keys) != len(set(keys)):
        what = "a function with an argument by position after one by keyword, or with one twice, is refused"
        raise PlanRefused("udf-refused", what, "give each argument once, those by position first")
    if kind in ITERATOR_KINDS | ALL_MAP_KINDS:
        what = "a function of iterators with an argument by keyword is refused: it has but one parameter"
        raise PlanRefused("udf-refused", what, "pass the arguments by position")


def check_expression_kind(expression: pb.Expression, place: Place) -> None:
    """Refuse an expression of no kind, and one that stands where its kind does not.

    Raises:
        PlanRefused: if it is such a one.
    """
    if expression.WhichOneof("expr_type") == "named_argument_expression" and not place.of_function:
        raise _NAMED.error()
    if expression.WhichOneof("expr_type") is None:
        raise PlanRefused("plan-garbage", "the plan holds an empty expression", "")
    if expression.common_inline_user_defined_function.python_udf.eval_type in ALL_MAP_KINDS:
        raise UDF.error()  # it makes rows, and no column


EXPRESSION_CHECKS: dict[str, MessageCheck] = {
    "Expression": check_expression_kind,
    "Expression.UnresolvedFunction": check_call,
    "CallFunction": check_call,
    "CommonInlineUserDefinedFunction": check_user_function,
    "Expression.UnresolvedExtractValue": check_extraction,
    "Expression.LambdaFunction": check_lambda,
    "Expression.UnresolvedNamedLambdaVariable": check_variable,
}
