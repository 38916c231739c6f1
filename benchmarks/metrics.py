"""The metrics that benchmarks run, as their authors would write them."""

from __future__ import annotations

from itertools import product

# Algebraic aggregates: their states of small cells merge into those of any frame.
AGGREGATE = """\
from pyspark.sql import functions as F


def calc_metric(df):
    kept = df.filter(F.col("score") >= 0.1)
    row = kept.agg(
        F.avg("amount").alias("mean"),
        F.corr("score", "amount").alias("corr"),
        F.stddev("score").alias("sd"),
    ).first()
    return row["mean"] * row["sd"] + row["corr"]
"""

# The same of two frames.
COMPARED = """\
from pyspark.sql import functions as F


def calc_metric(df, baseline):
    return value(df) - value(baseline)


def value(frame):
    row = frame.filter(F.col("score") >= 0.1).agg(
        F.avg("amount").alias("mean"),
        F.corr("score", "amount").alias("corr"),
        F.stddev("score").alias("sd"),
    ).first()
    return row["mean"] * row["sd"] + row["corr"]
"""

# Holistic ones: no state of bounded size merges. In two queries: asked for both in one, Spark keeps a
# state of the percentile for each user of each group, which takes many times as long.
HOLISTIC = """\
from pyspark.sql import functions as F


def calc_metric(df):
    median = df.agg(F.percentile_approx("amount", 0.5)).first()[0]
    users = df.agg(F.count_distinct("user")).first()[0]
    return median * users
"""

FETCH = """\
import numpy as np


def calc_metric(df):
    pdf = df.select("score", "label").toPandas()
    return np.mean((pdf["score"].to_numpy() - pdf["label"].to_numpy()) ** 2)
"""

_SMALL = """\
from pyspark.sql import functions as F


def calc_metric(df):
    row = df.filter({condition}).agg({aggregates}).first()
    return {value}
"""
_CONDITIONS = (
    'F.col("score") >= 0.1',
    'F.col("amount") < 100',
    '(F.col("amount") > 10) & (F.col("score") > 0.2)',
    'F.col("platform") != "web"',
    'F.col("platform").isin("ios", "web") & (F.col("score") < 0.9)',
)
_AGGREGATES = (
    ('F.avg("amount").alias("a"), F.stddev("amount").alias("b")', 'row["b"] / row["a"]'),
    ('F.corr("score", "label").alias("a")', 'row["a"]'),
    ('F.sum("label").alias("a"), F.count("*").alias("b")', 'row["a"] / row["b"]'),
    (
        'F.max("amount").alias("a"), F.min("amount").alias("b"), F.avg("age").alias("c")',
        'row["a"] - row["b"]',
    ),
)


def small_metrics() -> dict[str, str]:
    """Twenty small metrics by name: each of five filters with each of four sets of aggregates."""
    texts = [
        _SMALL.format(condition=condition, aggregates=aggregates, value=value)
        for condition, (aggregates, value) in product(_CONDITIONS, _AGGREGATES)
    ]
    return {f"metric_{i}": text for i, text in enumerate(texts, 1)}
