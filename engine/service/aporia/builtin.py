"""Metrics that Aporia's clients ask for by name: what each takes, and its source, run like any author's.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Needs = Literal["rows", "column", "numbers", "classes", "values", "shares", "order"]

_SPARK: Final = "from pyspark.sql import functions as F\n\n\n"
_OF_ONE: Final = """def calc_metric(df, *, column: ColumnName = ""):
    value = df.agg({}).first()[0]
    return float("nan") if value is None else float(value)
"""
_NUMBER: Final = 'F.col(column).cast("double")'
# A row without a prediction or without an actual is in none of the four.
_OF_CLASSES: Final = """def calc_metric(
    df, *, column: ColumnName = "", actual: ColumnName = "", threshold: float = 0.5
):
    said = F.col(column).cast("double") >= threshold
    true = F.col(actual).cast("double") >= 0.5
    tp, fp, fn, tn = df.agg(
        F.count_if(said & true), F.count_if(said & ~true), F.count_if(~said & true), F.count_if(~said & ~true)
    ).first()
    over, under = {}
    return over / under if under else float("nan")
"""
_OF_PAIRS: Final = """def calc_metric(df, *, column: ColumnName = "", actual: ColumnName = ""):
    error = F.col(column).cast("double") - F.col(actual).cast("double")
    value = df.agg(F.avg({})).first()[0]
    return float("nan") if value is None else {}
"""
_EQUAL: Final = """def calc_metric(df, *, column: ColumnName = "", actual: ColumnName = ""):
    value = df.agg(F.avg((F.col(column) == F.col(actual)).cast("double"))).first()[0]
    return float("nan") if value is None else value
"""
_AUC: Final = """def calc_metric(df, *, column: ColumnName = "", actual: ColumnName = ""):
    scored = df.select(
        F.col(column).cast("double").alias("score"), F.col(actual).cast("double").alias("actual")
    ).dropna()
    by_score = scored.groupBy("score").agg(
        F.count_if(F.col("actual") >= 0.5).alias("yes"), F.count_if(F.col("actual") < 0.5).alias("no")
    )
    lower = Window.orderBy("score").rowsBetween(Window.unboundedPreceding, -1)
    below = by_score.withColumn("below", F.coalesce(F.sum("no").over(lower), F.lit(0)))
    won, yes, no = below.agg(
        F.sum(F.col("yes") * (F.col("below") + F.col("no") / 2)), F.sum("yes"), F.sum("no")
    ).first()
    return won / (yes * no) if yes and no else float("nan")
"""
# Numbers are counted between the deciles of the baseline, other values by themselves.
_SHARES: Final = """import numpy as np
from pyspark.sql import functions as F


def counts_of(frame, key):
    rows = frame.where(key.isNotNull()).groupBy(key.alias("key")).count().collect()
    return {{row["key"]: row["count"] for row in rows}}


def calc_metric(df, baseline, *, column: ColumnName = "", numeric: bool = False):
    key = F.col(column)
    if numeric:
        number = key.cast("double")
        edges = baseline.agg(*[F.percentile(number, tenth / 10) for tenth in range(1, 10)]).first()
        if edges[0] is None:
            return float("nan")
        key = sum(((number >= edge).cast("int") for edge in sorted(set(edges))), F.lit(0))
        key = F.when(number.isNotNull(), key)
    now, before = counts_of(df, key), counts_of(baseline, key)
    if not now or not before:
        return float("nan")
    keys = sorted(set(now) | set(before))
    p = np.array([now.get(key, 0) for key in keys]) / sum(now.values())
    q = np.array([before.get(key, 0) for key in keys]) / sum(before.values())
    {}
"""
_PSI: Final = """p, q = np.maximum(p, 0.0001), np.maximum(q, 0.0001)
    return float(np.sum((p - q) * np.log(p / q)))"""
_HELLINGER: Final = "return float(np.sqrt(max(0.0, 1.0 - np.sum(np.sqrt(p * q)))))"
_JS: Final = """m = (p + q) / 2
    half = [np.sum(one[one > 0] * np.log2(one[one > 0] / m[one > 0])) / 2 for one in (p, q)]
    return float(np.sqrt(max(0.0, sum(half))))"""
_KS: Final = """def calc_metric(df, baseline, *, column: ColumnName = ""):
    number = F.col(column).cast("double").alias("number")
    now = df.select(number).dropna()
    before = baseline.select(number).dropna()
    here, there = now.count(), before.count()
    if not here or not there:
        return float("nan")
    both = now.select("number", F.lit(1).alias("here"), F.lit(0).alias("there"))
    both = both.union(before.select("number", F.lit(0).alias("here"), F.lit(1).alias("there")))
    by_number = both.groupBy("number").agg(F.sum("here").alias("here"), F.sum("there").alias("there"))
    upto = Window.orderBy("number").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    apart = F.abs(F.sum("here").over(upto) / here - F.sum("there").over(upto) / there)
    return by_number.select(apart.alias("apart")).agg(F.max("apart")).first()[0]
"""
_WINDOW: Final = "from pyspark.sql import Window\n"


@dataclass(frozen=True, slots=True)
class Builtin:
    """A metric that has a name.

    Attributes:
        needs: rows: nothing; column: any column; numbers: a numeric column; classes: a prediction and its
            actual, and perhaps a threshold; values: a prediction and its actual, both numbers; shares: a
            column and a baseline; order: a numeric column and a baseline.
        source: with parameters `column`, `actual`, `threshold` and `numeric`, as far as it needs them.
    """

    needs: Needs
    source: str


def _of_one(needs: Needs, expression: str) -> Builtin:
    return Builtin(needs, _SPARK + _OF_ONE.format(expression))


def _of_classes(over_under: str) -> Builtin:
    return Builtin("classes", _SPARK + _OF_CLASSES.format(over_under))


BUILTIN: Final[Mapping[str, Builtin]] = MappingProxyType(
    {
        "count": Builtin("rows", "def calc_metric(df):\n    return float(df.count())\n"),
        "sum": _of_one("numbers", f"F.sum({_NUMBER})"),
        "mean": _of_one("numbers", f"F.avg({_NUMBER})"),
        "min": _of_one("numbers", f"F.min({_NUMBER})"),
        "max": _of_one("numbers", f"F.max({_NUMBER})"),
        "median": _of_one("numbers", f"F.median({_NUMBER})"),
        "missing_count": _of_one("column", "F.count_if(F.col(column).isNull())"),
        "missing_ratio": _of_one("column", 'F.avg(F.col(column).isNull().cast("double"))'),
        "tp_count": _of_classes("tp, 1"),
        "fp_count": _of_classes("fp, 1"),
        "fn_count": _of_classes("fn, 1"),
        "tn_count": _of_classes("tn, 1"),
        "accuracy": _of_classes("tp + tn, tp + fp + fn + tn"),
        "precision": _of_classes("tp, tp + fp"),
        "recall": _of_classes("tp, tp + fn"),
        "f1": _of_classes("2 * tp, 2 * tp + fp + fn"),
        "mse": Builtin("values", _SPARK + _OF_PAIRS.format("error * error", "value")),
        "rmse": Builtin("values", _SPARK + _OF_PAIRS.format("error * error", "value**0.5")),
        "mae": Builtin("values", _SPARK + _OF_PAIRS.format("F.abs(error)", "value")),
        "auc_roc": Builtin("values", _WINDOW + _SPARK + _AUC),
        "psi": Builtin("shares", _SHARES.format(_PSI)),
        "hellinger_distance": Builtin("shares", _SHARES.format(_HELLINGER)),
        "js_distance": Builtin("shares", _SHARES.format(_JS)),
        "ks_distance": Builtin("order", _WINDOW + _SPARK + _KS),
    }
)
# How often a prediction of one of many classes is the actual.
EQUAL: Final = Builtin("classes", _SPARK + _EQUAL)
