"""The same numbers by hand: what a person writes for one metric when the segments are known beforehand.

Each function reads the Parquet file anew and gives the numbers of all 157 frames, as `AGGREGATE` does for
each. None of them confines anything, and only pandas takes arbitrary Python.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from benchmarks.fanned import (
    BUCKET_SQL,
    EDGES,
    GROUPINGS,
    SETS_SQL,
    Values,
    read_groupings,
    read_sets,
)

_COLUMNS = ["country", "category", "age", "score", "amount"]


def finish(mean: float, corr: float, sd: float) -> float:
    """What `AGGREGATE` returns, of its three aggregates."""
    return mean * sd + corr


def duckdb_sets(path: Path) -> Values:
    """DuckDB, one query with grouping sets, as many threads as processors."""
    import duckdb  # here, for it is of an extra

    query = (
        "SELECT country, category, bucket, grouping(country, category, bucket), "
        "avg(amount), corr(score, amount), stddev(score) "
        f"FROM (SELECT *, {BUCKET_SQL} AS bucket FROM '{path}' WHERE score >= 0.1) "
        f"GROUP BY GROUPING SETS ({SETS_SQL})"
    )
    with duckdb.connect(config={"threads": os.cpu_count() or 1}) as connection:
        return read_sets(connection.execute(query).fetchall(), finish)


def polars_together(path: Path) -> Values:
    """Polars, one lazy query for each grouping, all collected together."""
    import polars as pl  # here, for it is of an extra

    bucket = pl.lit(-1)
    for place, low in enumerate(EDGES[:-1]):
        inside = pl.col("age").is_between(low, EDGES[place + 1], closed="left")
        bucket = pl.when(inside).then(place).otherwise(bucket)
    rows = pl.scan_parquet(path).filter(pl.col("score") >= 0.1).with_columns(bucket.alias("bucket"))
    numbers = (pl.mean("amount"), pl.corr("score", "amount").alias("corr"), pl.std("score"))
    queries = [rows.group_by(names).agg(*numbers) if names else rows.select(*numbers) for names in GROUPINGS]
    return read_groupings([table.rows() for table in pl.collect_all(queries)], finish)


def pandas_apply(path: Path) -> Values:
    """pandas, `groupby(...).apply` of a Python function for each grouping."""
    data = pd.read_parquet(path, columns=_COLUMNS)
    places = pd.cut(data["age"], EDGES, right=False, labels=False).fillna(-1).astype("int8")
    data = data.assign(bucket=places)
    tables: list[list[tuple[object, ...]]] = [[(calculate(data),)]]
    for names in GROUPINGS[1:]:
        numbers = data.groupby(list(names))[["score", "amount"]].apply(calculate)
        members = numbers.index if len(names) > 1 else [(member,) for member in numbers.index]
        tables.append([(*pair, number) for pair, number in zip(members, numbers, strict=True)])
    return read_groupings(tables, float)


def calculate(data: pd.DataFrame) -> float:
    """The metric as a function of a pandas DataFrame."""
    kept = data[data["score"] >= 0.1]
    return finish(kept["amount"].mean(), kept["score"].corr(kept["amount"]), kept["score"].std())
