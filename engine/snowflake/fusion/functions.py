"""Functions by what sharing a query needs to know of them. Pure data.

An aggregate is shared if its answer for some rows does not depend on their order, nor on what else the query
computes: floating sums differ in their last digits, as they do between two runs of one query.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from engine.snowflake.text.functions import known_functions

SHARED_AGGREGATES: Final = frozenset(
    [
        "AVG",
        "BITAND_AGG",
        "BITOR_AGG",
        "BITXOR_AGG",
        "BOOLAND_AGG",
        "BOOLOR_AGG",
        "BOOLXOR_AGG",
        "CORR",
        "COUNT",
        "COUNT_IF",
        "COVAR_POP",
        "COVAR_SAMP",
        "KURTOSIS",
        "MAX",
        "MEDIAN",
        "MIN",
        "PERCENTILE_CONT",
        "PERCENTILE_DISC",
        "REGR_AVGX",
        "REGR_AVGY",
        "REGR_COUNT",
        "REGR_INTERCEPT",
        "REGR_R2",
        "REGR_SLOPE",
        "REGR_SXX",
        "REGR_SXY",
        "REGR_SYY",
        "SKEW",
        "STDDEV",
        "STDDEV_POP",
        "STDDEV_SAMP",
        "SUM",
        "VARIANCE",
        "VARIANCE_POP",
        "VARIANCE_SAMP",
        "VAR_POP",
        "VAR_SAMP",
    ]
)


@cache
def is_row_wise(name: str) -> bool:
    """Whether a function looks at one row, and gives the same for the same."""
    rule = known_functions().get(name)
    return rule is not None and rule.kind == "scalar"


@cache
def is_aggregate(name: str) -> bool:
    """Whether a function sums up rows."""
    rule = known_functions().get(name)
    return rule is not None and rule.kind == "aggregate"
