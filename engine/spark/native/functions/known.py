"""Which of PySpark's functions may be answered natively, by name alone: a hint, and no promise. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engine.spark.native.expressions import SPECIAL
from engine.spark.native.functions.table import NAMES, SYNONYMS
from engine.spark.native.functions.windows import WINDOW_NAMES

# What makes columns, orders and parts of plans, and is no function of Spark's; names that only Python knows.
_HELPERS: Final = frozenset(
    {
        "asc", "asc_nulls_first", "asc_nulls_last", "broadcast", "col", "column", "desc", "desc_nulls_first",
        "desc_nulls_last", "expr", "lit", "when", "countDistinct", "count_distinct", "sum_distinct", "udf",
        "pandas_udf", "arrow_udf", "PandasUDFType", "ArrowUDFType", "call_udf", "call_function",
    }
)  # fmt: skip
_KNOWN: Final = frozenset(name.split()[0] for name in NAMES) | SPECIAL | WINDOW_NAMES | _HELPERS


def needing_spark(functions: Iterable[str]) -> tuple[str, ...]:
    """Those that are outside of the table of functions.

    Args:
        functions: names as `pyspark.sql.functions` has them.
    """
    return tuple(name for name in functions if SYNONYMS.get(name.lower(), name) not in _KNOWN)
