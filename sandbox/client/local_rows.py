"""`createDataFrame` with the moments of pandas in its rows: the only ones that a metric has at hand.

PySpark's client knows them in frames of pandas, but not in rows, where it knows datetime.datetime alone.
"""

from __future__ import annotations

import functools
from typing import Any, Final

import pandas as pd
from pyspark.sql import Row
from pyspark.sql.connect.session import SparkSession

# Exact types: what derives from them may hold or do anything.
_CONTAINERS: Final = frozenset({dict, list, tuple})


def install_moments() -> None:
    """Called once, in the zygote."""
    create = SparkSession.createDataFrame

    @functools.wraps(create)
    def create_frame(self: Any, data: Any, *arguments: Any, **options: Any) -> Any:
        rows = [plain_moments(row) for row in data] if type(data) in (list, tuple) else data
        return create(self, rows, *arguments, **options)

    SparkSession.createDataFrame = create_frame  # type: ignore[method-assign] # which is what this is for


def plain_moments(value: Any) -> Any:
    """A value with Python's moments and durations in the place of those of pandas."""
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime(warn=False)
    if isinstance(value, pd.Timedelta):
        return value.to_pytimedelta()
    if value is pd.NaT:
        return None
    kind = type(value)
    if kind is dict:
        return {key: plain_moments(one) for key, one in value.items()}
    if kind in _CONTAINERS:
        return kind(map(plain_moments, value))
    if kind is Row and any(isinstance(one, (pd.Timestamp, pd.Timedelta)) or one is pd.NaT for one in value):
        return _with_fields(value, [plain_moments(one) for one in value])
    return value


def _with_fields(row: Any, values: list[Any]) -> Any:
    names = getattr(row, "__fields__", None)
    return Row(*values) if names is None else Row(*names)(*values)
