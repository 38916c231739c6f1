"""Between which days a column of a Parquet file lies, as its statistics tell.

By the numbers that are stored: to make dates of them would import pandas.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, Final

_EPOCH: Final = dt.date(1970, 1, 1)
_SECONDS: Final = 86_400
_OF_A_SECOND: Final = {"milliseconds": 1_000, "microseconds": 1_000_000, "nanoseconds": 1_000_000_000}


def day_number(day: dt.date) -> int:
    """How many days a day is after the first one of 1970."""
    return (day - _EPOCH).days


def day_length(leaf: Any) -> int:
    """What a day is in the numbers that a column is stored as; 0 if it holds neither days nor instants.

    Args:
        leaf: a column of the schema of a file's footer.
    """
    kind = leaf.logical_type.type if leaf.logical_type is not None else "NONE"
    if kind == "DATE":
        return 1
    if kind == "TIMESTAMP" and leaf.physical_type == "INT64":
        return _SECONDS * _OF_A_SECOND[json.loads(leaf.logical_type.to_json())["timeUnit"]]
    return 0


def days_of(statistics: Any, length: int) -> tuple[int, int]:
    """The first and the last day of a column's part, by number.

    Args:
        statistics: of the part, with the least and the largest value.
        length: see `day_length`.
    """
    return statistics.min_raw // length, statistics.max_raw // length
