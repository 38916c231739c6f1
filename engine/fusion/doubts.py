"""What Sail computes otherwise for groups of rows than for all rows: there such plans stay as they are. Pure.

Tried on Sail 0.7.2 with NaN, infinities and -0.0 among the values, by `agg(f)` against
`groupBy(one key).agg(f)`: the smallest and largest value, variances, correlation, regression and exact
percentiles differ. On whole numbers, text and times they do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import pyspark.sql.connect.proto as pb

from engine.fusion.chain import Chain
from engine.fusion.facts import inspect
from engine.fusion.unfused import Unfused
from engine.plans.trees import walk
from engine.sql.check import inspect_expression
from engine.sql.words import word_set

_DOUBTFUL: Final = word_set(
    """min max corr covar_pop covar_samp stddev std stddev_pop stddev_samp var_pop var_samp variance skewness
     kurtosis median percentile percentile_cont percentile_disc product regr_avgx regr_avgy regr_intercept
     regr_r2 regr_slope regr_sxx regr_sxy regr_syy vector_avg vector_sum try_avg"""
)
_UNCHANGED: Final = frozenset({"filter", "sort", "subquery_alias", "hint", "repartition", "limit"})
_FLOATING: Final = frozenset({"float", "double", "struct", "array", "map", "variant"})


def check_regrouping(chain: Chain, schema: pb.DataType) -> None:
    """See that a chain's aggregates over all rows may become aggregates over groups, on Sail.

    Args:
        chain: the plan.
        schema: of the frame.

    Raises:
        Unfused: one of them is known to differ there on floating numbers, which its rows may have.
    """
    exact = {
        field.name.lower()
        for field in schema.struct.fields
        if field.data_type.WhichOneof("kind") not in _FLOATING
    }
    for step in chain.steps:
        kind = step.WhichOneof("rel_type")
        if kind == "aggregate" and not _by_columns(step.aggregate.grouping_expressions):
            _check(list(step.aggregate.aggregate_expressions), exact)
        elif kind == "project" and inspect(*step.project.expressions).aggregates:
            _check(list(step.project.expressions), exact)
        if kind not in _UNCHANGED:
            exact = set()  # names mean other columns from here on


def _check(expressions: list[pb.Expression], exact: set[str]) -> None:
    for expression in expressions:
        for here in walk(expression):
            names = _called(here)
            if names & _DOUBTFUL and not _all_exact(here, exact):
                raise Unfused(f"{min(names & _DOUBTFUL)} of all rows, which Sail computes otherwise by group")


def _by_columns(groups: Iterable[pb.Expression]) -> bool:
    """Whether any column is grouped by: Sail takes groups of one constant for all rows."""
    kinds = {here.DESCRIPTOR.name for group in groups for here in walk(group)}
    return not kinds.isdisjoint({"UnresolvedAttribute", "ExpressionString"})


def _called(message: Any) -> set[str]:
    match message.DESCRIPTOR.name:
        case "UnresolvedFunction" | "CallFunction":
            return {message.function_name.lower()}
        case "ExpressionString":
            return set(inspect_expression(message.expression).functions)
    return set()


def _all_exact(call: Any, exact: set[str]) -> bool:
    """Whether the arguments of a call are columns of the frame that hold no floating numbers."""
    if call.DESCRIPTOR.name == "ExpressionString":
        return False
    names = [
        argument.unresolved_attribute.unparsed_identifier.strip("`").lower()
        for argument in call.arguments
        if argument.WhichOneof("expr_type") == "unresolved_attribute"
    ]
    return len(names) == len(call.arguments) and set(names) <= exact
