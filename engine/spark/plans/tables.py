"""Trusted side: all tables of this package as one, and which enum values pass."""

from __future__ import annotations

from typing import Final

from engine.spark.plans.analyze import ANALYZE, CONFIG
from engine.spark.plans.commands import COMMANDS
from engine.spark.plans.expressions import EXPRESSION_CHECKS, EXPRESSIONS
from engine.spark.plans.relations import RELATION_CHECKS, RELATIONS
from engine.spark.plans.rules import Fields, MessageCheck, Refuse
from engine.spark.plans.types import LITERALS, TYPES

# Message names are without their package, spark.connect.
FIELDS: Final[Fields] = {
    **TYPES,
    **LITERALS,
    **EXPRESSIONS,
    **RELATIONS,
    **ANALYZE,
    **CONFIG,
    **COMMANDS,
    "AnalyzePlanRequest": {**COMMANDS["AnalyzePlanRequest"], **ANALYZE["AnalyzePlanRequest"]},
}

CHECKS: Final[dict[str, MessageCheck]] = {**EXPRESSION_CHECKS, **RELATION_CHECKS}

_TABLE_ARGUMENT = Refuse("df.asTable()", "only user-defined table functions take tables", "", "udf-refused")

# The value 0 of an enum (unspecified) is what is left out, and needs no entry.
ENUMS: Final[dict[str, dict[str, Refuse | None]]] = {
    "Expression.Cast.EvalMode": dict.fromkeys(("EVAL_MODE_LEGACY", "EVAL_MODE_ANSI", "EVAL_MODE_TRY")),
    "Expression.SortOrder.SortDirection": dict.fromkeys(
        ("SORT_DIRECTION_ASCENDING", "SORT_DIRECTION_DESCENDING")
    ),
    "Expression.SortOrder.NullOrdering": dict.fromkeys(("SORT_NULLS_FIRST", "SORT_NULLS_LAST")),
    "Expression.Window.WindowFrame.FrameType": dict.fromkeys(("FRAME_TYPE_ROW", "FRAME_TYPE_RANGE")),
    "SubqueryExpression.SubqueryType": {
        "SUBQUERY_TYPE_SCALAR": None,
        "SUBQUERY_TYPE_EXISTS": None,
        "SUBQUERY_TYPE_IN": None,
        "SUBQUERY_TYPE_TABLE_ARG": _TABLE_ARGUMENT,
    },
    "Join.JoinType": dict.fromkeys(
        f"JOIN_TYPE_{name}"
        for name in ["INNER", "FULL_OUTER", "LEFT_OUTER", "RIGHT_OUTER", "LEFT_ANTI", "LEFT_SEMI", "CROSS"]
    ),
    "SetOperation.SetOpType": dict.fromkeys(
        ("SET_OP_TYPE_INTERSECT", "SET_OP_TYPE_UNION", "SET_OP_TYPE_EXCEPT")
    ),
    "Aggregate.GroupType": dict.fromkeys(
        f"GROUP_TYPE_{name}" for name in ["GROUPBY", "ROLLUP", "CUBE", "PIVOT", "GROUPING_SETS"]
    ),
}
