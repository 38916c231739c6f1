"""Between which days a column of a Parquet file lies, as the statistics in the file's footer tell.

By the numbers that are stored: to make dates of them would import pandas.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

_SECONDS: Final = 86_400
_OF_A_SECOND: Final = {"milliseconds": 1_000, "microseconds": 1_000_000, "nanoseconds": 1_000_000_000}


def days_of(footer: Any, place: int) -> Iterator[tuple[int, int] | None]:
    """The first and the last day of a column in each row group that has values of it, by number.

    None stands for what is not told; once, if the column holds neither days nor instants.

    Args:
        footer: of the file.
        place: of the column, among the leaves of the footer's schema.
    """
    length = _day_length(footer.schema.column(place))
    if not length:
        yield None
        return
    for number in range(footer.num_row_groups):
        chunk = footer.row_group(number).column(place)
        statistics = chunk.statistics
        if statistics is not None and statistics.has_min_max:
            yield statistics.min_raw // length, statistics.max_raw // length
        elif statistics is None or not statistics.has_null_count or statistics.null_count != chunk.num_values:
            yield None


def _day_length(leaf: Any) -> int:
    """What a day is in the numbers that a column is stored as; 0 if it holds neither days nor instants."""
    kind = leaf.logical_type.type if leaf.logical_type is not None else "NONE"
    if kind == "DATE":
        return 1
    if kind == "TIMESTAMP" and leaf.physical_type == "INT64":
        return _SECONDS * _OF_A_SECOND[json.loads(leaf.logical_type.to_json())["timeUnit"]]
    return 0
