"""The data that metrics of two frames are tried on, what they compare with, and its frames in pandas."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from engine import SegmentGroup, TimeRange
from engine.models.frame import Segment

START: Final = pd.Timestamp("2026-10-01", tz="UTC")
END: Final = pd.Timestamp("2026-10-11", tz="UTC")
RANGE: Final = TimeRange("2026-10-06T00:00:00Z", "2026-10-11T00:00:00Z")
COUNTRIES: Final = ("AT", "CH", "DE", "FR")
EDGES: Final = (0, 20, 40)
GROUPS: Final = (
    SegmentGroup.by_value("country", top=3),
    SegmentGroup.by_buckets("n", list(EDGES)),
    SegmentGroup.where("big", "amount > 20"),
)


def make_rows(seed: int, rows: int, shift: float, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Rows of payments, evenly over a range of time."""
    rng = np.random.default_rng(seed)
    seconds = np.sort(rng.uniform(0, (end - start).total_seconds(), rows)).astype("int64")
    x = rng.normal(shift, 1 + shift, rows)
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "ts": (start + pd.to_timedelta(seconds, unit="s")).astype("datetime64[us, UTC]"),
            "country": rng.choice(COUNTRIES, rows, p=[0.4, 0.1, 0.3, 0.2]),
            "n": rng.integers(0, 60, rows),
            "x": np.where(rng.random(rows) < 0.05, np.nan, x),
            "amount": np.round(rng.exponential(20 + 10 * shift, rows), 2),
            "label": rng.integers(0, 2, rows),
            "score": rng.beta(2, 3 + shift, rows),
        }
    )


def make_data() -> pd.DataFrame:
    """Ten days of data; a column of text has a value that the training data lacks."""
    data = make_rows(1, 1_500, 0.3, START, END)
    data.loc[data["id"] % 50 == 0, "country"] = "XX"
    return data


def make_training() -> pd.DataFrame:
    """Another time's data, without Switzerland."""
    rows = make_rows(2, 900, 0.0, START - pd.Timedelta(days=200), START - pd.Timedelta(days=170))
    return rows[rows["country"] != "CH"].reset_index(drop=True)


def inside(rows: pd.DataFrame, segment: Segment | None) -> pd.DataFrame:
    """The rows of a segment of the results."""
    if segment is None:
        return rows
    if isinstance(segment.value, tuple):
        for group, value in zip(segment.group, segment.value, strict=True):
            rows = _inside(rows, group, value)
        return rows
    return _inside(rows, str(segment.group), segment.value)


def _inside(rows: pd.DataFrame, group: str, value: object) -> pd.DataFrame:
    if group == "country":
        return rows[rows["country"] == value]
    if group == "big":
        return rows[rows["amount"] > 20]
    low, high = str(value).strip("[)").split(",")
    return rows[(rows["n"] >= int(low)) & (rows["n"] < int(high))]


def between(rows: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """The rows of a range of time."""
    return rows[(rows["ts"] >= start) & (rows["ts"] < end)]
