"""SQL text that Snowpark's client sends for a guest: what may be in it, and how it is written out. Pure.

checked = check_query(text, columns)          # raises PlanRefused
checked.key                                   # equal for equal queries of different frames
emit_snowflake(checked, frame)                # frame: a trusted sqlglot query
emit_duckdb(checked, frame)
condition_for(check_condition(text, columns), "duckdb")   # to be put into a trusted query
"""

from engine.snowsql.check import (
    CheckedQuery,
    check_columns,
    check_condition,
    check_query,
    over_one_frame,
)
from engine.snowsql.clocks import tell_time
from engine.snowsql.emission import condition_for, emit_duckdb, emit_snowflake
from engine.snowsql.functions import FunctionRule, known_functions
from engine.snowsql.names import BASELINE

__all__ = [
    "BASELINE",
    "CheckedQuery",
    "FunctionRule",
    "check_columns",
    "check_condition",
    "check_query",
    "condition_for",
    "emit_duckdb",
    "emit_snowflake",
    "known_functions",
    "over_one_frame",
    "tell_time",
]
