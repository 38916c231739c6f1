"""The same by hand with PySpark, on the server that the engine uses too, with nothing in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.functions import col, expr

from benchmarks import by_hand
from benchmarks.data import CATEGORIES, COUNTRIES
from benchmarks.fanned import (
    BUCKET_SQL,
    BUCKETS,
    GROUPINGS,
    SETS_SQL,
    Key,
    Values,
    hand_key,
    read_groupings,
    read_sets,
)

Numbers = dict[Key, tuple[float, ...]]

_MEMBERS: dict[str, tuple[str | int, ...]] = {
    "country": COUNTRIES,
    "category": CATEGORIES,
    "bucket": tuple(range(len(BUCKETS))),
}


@dataclass(frozen=True, slots=True)
class HandMetric:
    """A metric as SQL.

    Attributes:
        where: which rows count.
        queries: the aggregates of each query, as SQL.
        finish: what the metric returns of them.
    """

    where: str
    queries: tuple[tuple[str, ...], ...]
    finish: Callable[..., float]


AGGREGATE = HandMetric(
    "score >= 0.1", (("avg(amount)", "corr(score, amount)", "stddev(score)"),), by_hand.finish
)
# In two queries: asked for both in one, Spark keeps a state of the percentile for each user of each group,
# which takes many times as long. The accuracy is the one that PySpark's function asks for, too.
HOLISTIC = HandMetric(
    "true",
    (("percentile_approx(amount, 0.5, 10000)",), ("count(DISTINCT user)",)),
    lambda median, users: median * users,
)


def grouping_sets(session: SparkSession, path: Path, metric: HandMetric) -> Values:
    """Queries with grouping sets."""
    _kept(session, path, metric).createOrReplaceTempView("kept")
    return _joined(metric, [_ask_sets(session, aggregates) for aggregates in metric.queries])


def query_per_group(session: SparkSession, path: Path, metric: HandMetric) -> Values:
    """Queries for each grouping, one after the other."""
    kept = _kept(session, path, metric)
    return _joined(metric, [_ask_groups(kept, aggregates) for aggregates in metric.queries])


def query_per_frame(session: SparkSession, path: Path, metric: HandMetric) -> Values:
    """A loop over the frames: filter, aggregate, first row."""
    kept = _kept(session, path, metric)
    values = {}
    for names, members in _frames():
        part = kept
        for name, member in zip(names, members, strict=True):
            part = part.filter(col(name) == member)
        key = hand_key(names, members)
        answers = [part.agg(*_columns(aggregates)).first() for aggregates in metric.queries]
        rows = [row for row in answers if row is not None]
        if key is not None and len(rows) == len(answers):
            values[key] = metric.finish(*(number for row in rows for number in row))
    return values


def _ask_sets(session: SparkSession, aggregates: tuple[str, ...]) -> Numbers:
    rows = session.sql(
        "SELECT country, category, bucket, grouping_id(country, category, bucket), "
        f"{', '.join(aggregates)} FROM kept GROUP BY GROUPING SETS ({SETS_SQL})"
    ).collect()
    return read_sets([tuple(row) for row in rows], lambda *numbers: numbers)


def _ask_groups(kept: DataFrame, aggregates: tuple[str, ...]) -> Numbers:
    tables = [kept.groupBy(*names).agg(*_columns(aggregates)).collect() for names in GROUPINGS]
    return read_groupings([[tuple(row) for row in table] for table in tables], lambda *numbers: numbers)


def _columns(aggregates: tuple[str, ...]) -> list[Column]:
    return [expr(text).alias(f"a{i}") for i, text in enumerate(aggregates)]


def _joined(metric: HandMetric, answers: list[Numbers]) -> Values:
    """What the metric returns, of the numbers that each of its queries gives for a frame."""
    return {
        key: metric.finish(*(number for answer in answers for number in answer[key])) for key in answers[0]
    }


def _kept(session: SparkSession, path: Path, metric: HandMetric) -> DataFrame:
    rows = session.read.parquet(str(path)).filter(metric.where)
    return rows.withColumn("bucket", expr(BUCKET_SQL))


def _frames() -> Iterator[tuple[tuple[str, ...], tuple[str | int, ...]]]:
    for names in GROUPINGS:
        for members in product(*(_MEMBERS[name] for name in names)):
            yield names, members
