"""SQL text that Snowpark's client sends for a guest: what may be in it, and how it is written out. Pure.

checked = check_query(text, columns)          # raises PlanRefused
checked.key                                   # equal for equal queries of different frames
emit_snowflake(checked, frame)                # frame: a trusted sqlglot query
emit_duckdb(checked, frame)
condition_for(check_condition(text, columns), "duckdb")   # to be put into a trusted query
"""

from engine.snowflake.text.check import (
    CheckedQuery,
    check_columns,
    check_condition,
    check_query,
    over_one_frame,
)
from engine.snowflake.text.clocks import tell_time
from engine.snowflake.text.emission import condition_for, emit_duckdb, emit_snowflake
from engine.snowflake.text.functions import FunctionRule, known_functions
from engine.snowflake.text.names import BASELINE

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
