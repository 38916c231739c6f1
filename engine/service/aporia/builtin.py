"""Metrics that Aporia's clients ask for by name: what each takes, and its source, run like any author's.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Needs = Literal["rows", "column", "numbers", "classes", "values", "shares", "order"]

# Names are taken as they are, with dots and back-ticks in them; what no column has is a path in a structure.
_SPARK: Final = """from pyspark.sql import functions as F


def at(frame, name):
    if "." in name and name not in frame.columns:
        return F.col(name)
    return F.col("`" + name.replace("`", "``") + "`")


def number_at(frame, name):
    number = at(frame, name).cast("double")
    return F.when(~F.isnan(number), number)


"""
_OF_ONE: Final = """def calc_metric(df, *, column: ColumnName = ""):
    value = df.agg({}).first()[0]
    return float("nan") if value is None else float(value)
"""
_NUMBER: Final = 'at(df, column).cast("double")'
# A row without a prediction or without an actual is in none of the four.
_OF_CLASSES: Final = """def calc_metric(
    df, *, column: ColumnName = "", actual: ColumnName = "", threshold: float = 0.5
):
    said = number_at(df, column) >= threshold
    true = number_at(df, actual) >= 0.5
    tp, fp, fn, tn = df.agg(
        F.count_if(said & true), F.count_if(said & ~true), F.count_if(~said & true), F.count_if(~said & ~true)
    ).first()
    over, under = {}
    return over / under if under else float("nan")
"""
_OF_PAIRS: Final = """def calc_metric(df, *, column: ColumnName = "", actual: ColumnName = ""):
    error = at(df, column).cast("double") - at(df, actual).cast("double")
    value = df.agg(F.avg({})).first()[0]
    return float("nan") if value is None else {}
"""
_EQUAL: Final = """def calc_metric(df, *, column: ColumnName = "", actual: ColumnName = ""):
    same = (at(df, column) == at(df, actual)).cast("double")
    value = df.agg(F.avg(same)).first()[0]
    return float("nan") if value is None else value
"""
_AUC: Final = """def calc_metric(df, *, column: ColumnName = "", actual: ColumnName = ""):
    score, true = number_at(df, column).alias("score"), number_at(df, actual).alias("actual")
    by_score = df.select(score, true).dropna().groupBy("score").agg(
        F.count_if(F.col("actual") >= 0.5).alias("yes"), F.count_if(F.col("actual") < 0.5).alias("no")
    )
    lower = Window.orderBy("score").rowsBetween(Window.unboundedPreceding, -1)
    below = by_score.withColumn("below", F.coalesce(F.sum("no").over(lower), F.lit(0)))
    won, yes, no = below.agg(
        F.sum(F.col("yes") * (F.col("below") + F.col("no") / 2)), F.sum("yes"), F.sum("no")
    ).first()
    return won / (yes * no) if yes and no else float("nan")
"""
# Numbers are counted between the deciles of the baseline, other values by themselves. NaN is no value.
_SHARES: Final = """def counts_of(frame, key):
    rows = frame.where(key.isNotNull()).groupBy(key.alias("key")).count().collect()
    return {{row["key"]: row["count"] for row in rows if row["key"] == row["key"]}}


def calc_metric(df, baseline, *, column: ColumnName = "", numeric: bool = False):
    key, its = at(df, column), at(baseline, column)
    if numeric:
        number = number_at(baseline, column)
        edges = baseline.agg(*[F.percentile(number, tenth / 10) for tenth in range(1, 10)]).first()
        if edges[0] is None:
            return float("nan")
        edges = sorted(set(edges))
        key, its = place_in(number_at(df, column), edges), place_in(number, edges)
    now, before = counts_of(df, key), counts_of(baseline, its)
    if not now or not before:
        return float("nan")
    keys = sorted(set(now) | set(before))
    p = np.array([now.get(key, 0) for key in keys]) / sum(now.values())
    q = np.array([before.get(key, 0) for key in keys]) / sum(before.values())
    {}


def place_in(number, edges):
    place = sum(((number >= edge).cast("int") for edge in edges), F.lit(0))
    return F.when(number.isNotNull(), place)
"""
_PSI: Final = """p, q = np.maximum(p, 0.0001), np.maximum(q, 0.0001)
    return float(np.sum((p - q) * np.log(p / q)))"""
_HELLINGER: Final = "return float(np.sqrt(max(0.0, 1.0 - np.sum(np.sqrt(p * q)))))"
_JS: Final = """m = (p + q) / 2
    half = [np.sum(one[one > 0] * np.log2(one[one > 0] / m[one > 0])) / 2 for one in (p, q)]
    return float(np.sqrt(max(0.0, sum(half))))"""
_KS: Final = """def calc_metric(df, baseline, *, column: ColumnName = ""):
    now = df.select(number_at(df, column).alias("number")).dropna()
    before = baseline.select(number_at(baseline, column).alias("number")).dropna()
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
_NUMPY: Final = "import numpy as np\n"
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
        "missing_count": _of_one("column", "F.count_if(at(df, column).isNull())"),
        "missing_ratio": _of_one("column", 'F.avg(at(df, column).isNull().cast("double"))'),
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
        "psi": Builtin("shares", _NUMPY + _SPARK + _SHARES.format(_PSI)),
        "hellinger_distance": Builtin("shares", _NUMPY + _SPARK + _SHARES.format(_HELLINGER)),
        "js_distance": Builtin("shares", _NUMPY + _SPARK + _SHARES.format(_JS)),
        "ks_distance": Builtin("order", _WINDOW + _SPARK + _KS),
    }
)
# How often a prediction of one of many classes is the actual.
EQUAL: Final = Builtin("classes", _SPARK + _EQUAL)
