"""Several numbers of one metric, and parameters, on frames of Snowpark."""

from __future__ import annotations

import math

import pytest

from engine import Dataset, Engine, Metric, ParamsRefused, Run, SegmentGroup
from tests.engine.names import HOSTILE, source_of, told

GROUPS = SegmentGroup.by_value("g", values=["a", "b", "c"])
FUNCTIONS = "from snowflake.snowpark import functions as F"
SCORES = """
from snowflake.snowpark import functions as F

def calc_metric(
    df, *, above: float = 100, column: ColumnName = "n", mode: Literal["plain", "half"] = "plain"
) -> dict[str, float]:
    kept = df.filter(F.col(column) > above)
    row = kept.agg(F.count("*").alias("rows"), F.avg(column).alias("mean")).collect()[0]
    scale = 0.5 if mode == "half" else 1.0
    return {"rows": row[0], "mean": float("nan") if row[1] is None else float(row[1]) * scale}
"""


def values(run: Run) -> list[tuple[int, str | None, str, float | None]]:
    return [
        (one.frame.index, one.name, one.status, None if math.isnan(one.value) else one.value)
        for one in run.results
    ]


def test_names_and_parameters_by_segment_fused_and_not(snow_engine: Engine, snow_rows: Dataset) -> None:
    chosen = {"above": 290, "mode": "half"}
    fused = snow_engine.evaluate(SCORES, snow_rows, segments=[GROUPS], params=chosen)
    alone = snow_engine.evaluate(SCORES, snow_rows, segments=[GROUPS], params=chosen, fuse=False)
    together = snow_engine.evaluate_many(
        {"scores": Metric(SCORES, chosen), "default": SCORES}, snow_rows, segments=[GROUPS]
    )
    assert values(fused) == values(alone) == values(together["scores"])
    assert values(fused)[:4] == [
        (0, "rows", "ok", 9.0), (0, "mean", "ok", 147.5), (1, "rows", "ok", 3.0), (1, "mean", "ok", 147.0),
    ]  # fmt: skip
    assert together["default"].named["rows"].value == 199.0
    with pytest.raises(ParamsRefused, match="no column 'nope'"):
        snow_engine.evaluate(SCORES, snow_rows, params={"column": "nope"})


# In Snowpark the names of columns are upper case.
EXPECTED = {name: expected for name, (_, expected) in HOSTILE.items()} | {"a Row": {"A": "ok", "B": "ok"}}
# Special methods, which the language layer refuses before they could lie.
REFUSED = {"a name that is never equal", "a dict that lies about its items"}


@pytest.mark.slow
def test_what_hostile_guests_return_is_names_of_the_plain_kind_or_none(
    snow_engine: Engine, snow_rows: Dataset
) -> None:
    sources = {name: source_of(body, FUNCTIONS) for name, (body, _) in HOSTILE.items() if name not in REFUSED}
    runs = snow_engine.evaluate_many(sources, snow_rows)
    assert {name: told(run.results) for name, run in runs.items()} == {name: EXPECTED[name] for name in runs}
