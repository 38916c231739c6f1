"""The same by hand with PySpark, on the server that the engine uses too, with nothing in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from pyspark.sql.connect.session import SparkSession
from pyspark.sql.functions import col, expr

from benchmarks import by_hand
from benchmarks.data import CATEGORIES, COUNTRIES
from benchmarks.fanned import (
    BUCKET_SQL,
    BUCKETS,
    GROUPINGS,
    SETS_SQL,
    Values,
    hand_key,
    read_groupings,
    read_sets,
)

_MEMBERS = {"country": COUNTRIES, "category": CATEGORIES, "bucket": tuple(range(len(BUCKETS)))}


@dataclass(frozen=True, slots=True)
class HandMetric:
    """A metric as SQL.

    Attributes:
        where: which rows count.
        aggregates: as SQL.
        finish: what the metric returns of them.
    """

    where: str
    aggregates: tuple[str, ...]
    finish: Callable[..., float]


AGGREGATE = HandMetric(
    "score >= 0.1", ("avg(amount)", "corr(score, amount)", "stddev(score)"), by_hand.finish
)
HOLISTIC = HandMetric(
    "true", ("percentile_approx(amount, 0.5)", "count(DISTINCT user)"), lambda median, users: median * users
)


def grouping_sets(session: SparkSession, path: Path, metric: HandMetric) -> Values:
    """One query with grouping sets."""
    _kept(session, path, metric).createOrReplaceTempView("kept")
    rows = session.sql(
        "SELECT country, category, bucket, grouping_id(country, category, bucket), "
        f"{', '.join(metric.aggregates)} FROM kept GROUP BY GROUPING SETS ({SETS_SQL})"
    ).collect()
    return read_sets([tuple(row) for row in rows], metric.finish)


def query_per_group(session: SparkSession, path: Path, metric: HandMetric) -> Values:
    """One query for each grouping, one after the other."""
    kept = _kept(session, path, metric)
    numbers = [expr(text).alias(f"a{i}") for i, text in enumerate(metric.aggregates)]
    tables = [kept.groupBy(*names).agg(*numbers).collect() for names in GROUPINGS]
    return read_groupings([[tuple(row) for row in table] for table in tables], metric.finish)


def query_per_frame(session: SparkSession, path: Path, metric: HandMetric) -> Values:
    """A loop over the frames: filter, aggregate, first row."""
    kept = _kept(session, path, metric)
    numbers = [expr(text).alias(f"a{i}") for i, text in enumerate(metric.aggregates)]
    values = {}
    for names, members in _frames():
        part = kept
        for name, member in zip(names, members, strict=True):
            part = part.filter(col(name) == member)
        key = hand_key(names, members)
        row = part.agg(*numbers).first()
        if key is not None and row is not None:
            values[key] = metric.finish(*row)
    return values


def _kept(session: SparkSession, path: Path, metric: HandMetric):
    rows = session.read.parquet(str(path)).filter(metric.where)
    return rows.withColumn("bucket", expr(BUCKET_SQL))


def _frames() -> Iterator[tuple[tuple[str, ...], tuple[object, ...]]]:
    for names in GROUPINGS:
        for members in product(*(_MEMBERS[name] for name in names)):
            yield names, members
