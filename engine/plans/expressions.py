"""Trusted side: which expressions a plan may hold. All 22 kinds of PySpark 4.2 are classified."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb

from engine.errors import PlanRefused
from engine.plans.lambdas import check_lambda, check_variable
from engine.plans.names import check_column, check_metadata, check_plan_id, check_reference
from engine.plans.rules import KEEP, WALK, Drop, Fields, Keep, MessageCheck, Place, Refuse, unused
from engine.plans.text import check_call, check_expression_text, check_function, check_type_text
from engine.sql.hidden import is_hidden

UDF = Refuse(
    "a user-defined function (F.udf, F.pandas_udf, spark.udf.register)",
    "code of a metric runs in its sandbox, never in the data engine",
    "use pyspark.sql.functions, or collect what is needed and compute in Python",
    "udf-refused",
)
_CALL_SITE = Drop("where in the author's code it was made; the engine finds lines by itself")

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
        "common_inline_user_defined_function": UDF,
        "typed_aggregate_expression": UDF,
        "named_argument_expression": Refuse(
            "a named argument", "only user-defined functions take them", "pass the argument by position"
        ),
        "merge_action": Refuse("df.mergeInto", "a metric writes nothing", "", "write-refused"),
        "extension": unused("an extension of Spark Connect"),
    },
    "Expression.UnresolvedAttribute": {
        "unparsed_identifier": Keep(check_reference),
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
    "Expression.UnresolvedRegex": {"col_name": Keep(check_reference), "plan_id": Keep(check_plan_id)},
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


def check_expression_kind(expression: pb.Expression, _place: Place) -> None:
    """Refuse an expression of no kind.

    Raises:
        PlanRefused: if it is empty.
    """
    if expression.WhichOneof("expr_type") is None:
        raise PlanRefused("plan-garbage", "the plan holds an empty expression", "")


EXPRESSION_CHECKS: dict[str, MessageCheck] = {
    "Expression": check_expression_kind,
    "Expression.UnresolvedFunction": check_call,
    "CallFunction": check_call,
    "Expression.UnresolvedExtractValue": check_extraction,
    "Expression.LambdaFunction": check_lambda,
    "Expression.UnresolvedNamedLambdaVariable": check_variable,
}
