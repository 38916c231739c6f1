"""The frame that recorded queries are run over: a small table with nulls, NaN, ties and texts that bite."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd

COLUMNS = ("ID", "N", "X", "Y", "AMT", "S", "T", "FLAG", "D", "TS")
DUCKDB_SCHEMA = (
    "ID BIGINT, N BIGINT, X DOUBLE, Y DOUBLE, AMT DECIMAL(12, 2), S VARCHAR, T VARCHAR, FLAG BOOLEAN, "
    "D DATE, TS TIMESTAMP"
)
ROWS = 40


def frame() -> pd.DataFrame:
    """The table; whole numbers with nulls are of pandas' nullable kind."""
    count = range(ROWS)
    return pd.DataFrame(
        {
            "ID": pd.array(list(count), dtype="Int64"),
            "N": pd.array([None if i % 9 == 4 else (i * 7) % 5 for i in count], dtype="Int64"),
            "X": [None if i % 7 == 3 else i * 1.5 - 10 for i in count],
            "Y": [i * i / 8 for i in count],
            "AMT": pd.array([f"{i * 37 % 400 / 4:.2f}" for i in count], dtype="string"),
            "S": [("de", "fr", "us", None)[i % 4] for i in count],
            "T": [("a_b", "A%b", "it's", "back\\slash", "")[i % 5] for i in count],
            "FLAG": pd.array([None if i % 11 == 5 else i % 3 == 0 for i in count], dtype="boolean"),
            "D": [date(2024, 1, 25) + timedelta(days=i) for i in count],
            "TS": [datetime(2024, 2, 28, 22, 15) + timedelta(hours=i, minutes=i) for i in count],
        }
    )
