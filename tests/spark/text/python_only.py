"""Functions of PySpark that no SQL text can call."""

from __future__ import annotations

# Public names of pyspark.sql.functions that are no functions of the data engine, or that send another name.
PYTHON_ONLY = {
    "col": "a column", "column": "a column", "lit": "a literal", "expr": "SQL text", "broadcast": "a hint",
    "asc": "an order", "asc_nulls_first": "an order", "asc_nulls_last": "an order", "desc": "an order",
    "desc_nulls_first": "an order", "desc_nulls_last": "an order", "call_function": "calls by name",
    "call_udf": "calls by name", "udf": "makes a function", "udtf": "makes a function",
    "pandas_udf": "makes a function", "arrow_udf": "makes a function", "arrow_udtf": "makes a function",
    "approxCountDistinct": "approx_count_distinct", "bitwiseNOT": "~", "bitwise_not": "~",
    "countDistinct": "count", "count_distinct": "count", "create_map": "map", "listagg_distinct": "listagg",
    "negate": "negative", "shiftLeft": "shiftleft", "shiftRight": "shiftright",
    "shiftRightUnsigned": "shiftrightunsigned", "string_agg_distinct": "string_agg", "sumDistinct": "sum",
    "sum_distinct": "sum", "timestamp_add": "timestampadd", "timestamp_diff": "timestampdiff",
    "toDegrees": "degrees", "toRadians": "radians", "overload": "a helper of the typing module",
}  # fmt: skip
