"""Metrics of two frames, each with what it means in pandas and scipy, which is written apart from it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import spatial, stats

Formula = Callable[[pd.DataFrame, pd.DataFrame], float]


@dataclass(frozen=True, slots=True)
class Case:
    """A metric and its meaning.

    Attributes:
        source: its code.
        formula: the same from two pandas DataFrames.
    """

    source: str
    formula: Formula


_HEAD: Final = "import math\nimport numpy as np\nfrom pyspark.sql import functions as F\n"
BINS: Final = (0.2, 0.4, 0.6, 0.8)


def metric(body: str, head: str = "") -> str:
    """A metric of two frames with a body."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return f"{_HEAD}{head}\ndef calc_metric(df, baseline):\n{lines}\n"


def shares(values: pd.Series, edges: tuple[float, ...] = BINS) -> Any:
    """The shares of bins, never nothing."""
    counts = np.histogram(values, [-np.inf, *edges, np.inf])[0]
    return np.maximum(counts / counts.sum(), 1e-4)


def _psi(a: pd.DataFrame, b: pd.DataFrame) -> float:
    p, q = shares(a["score"]), shares(b["score"])
    return float(np.sum((p - q) * np.log(p / q)))


def _categories(a: pd.DataFrame, b: pd.DataFrame) -> Any:
    names = sorted({*a["country"], *b["country"]})
    return tuple(one["country"].value_counts(normalize=True).reindex(names, fill_value=0).to_numpy()
                 for one in (a, b))  # fmt: skip


def _rate_low(a: pd.DataFrame, b: pd.DataFrame) -> float:
    p, q = a["label"].mean(), b["label"].mean()
    error = math.sqrt(p * (1 - p) / len(a) + q * (1 - q) / len(b))
    return float(p - q - stats.norm.ppf(0.975) * error)


_SHARES: Final = """
EDGES = [0.2, 0.4, 0.6, 0.8]

def shares(frame):
    bins = sum((F.col("score") >= edge).cast("int") for edge in EDGES)
    rows = frame.groupBy(bins.alias("bin")).count().collect()
    counts = np.zeros(len(EDGES) + 1)
    for row in rows:
        counts[row["bin"]] = row["count"]
    return np.maximum(counts / counts.sum(), 1e-4)
"""
_VALUES: Final = """
from scipy import stats, spatial

def values(frame, name="score"):
    return frame.select(name).toPandas()[name].dropna().to_numpy()
"""


def _of(name: str, how: Callable[[Any], float]) -> Formula:
    return lambda a, b: float(how(a[name].dropna()) - how(b[name].dropna()))


CASES: Final[dict[str, Case]] = {
    "difference of means": Case(
        metric("""
mean = lambda frame: frame.agg(F.avg("amount")).first()[0]
return mean(df) - mean(baseline)
"""),
        _of("amount", np.mean),
    ),
    "baseline asked first": Case(
        metric("b = baseline.agg(F.sum('amount')).first()[0]\nreturn df.agg(F.sum('amount')).first()[0] / b"),
        lambda a, b: float(a["amount"].sum() / b["amount"].sum()),
    ),
    "ratio of counts": Case(
        metric("return df.count() / baseline.count()"), lambda a, b: len(a) / len(b)
    ),
    "psi": Case(
        metric("p, q = shares(df), shares(baseline)\nreturn float(np.sum((p - q) * np.log(p / q)))", _SHARES),
        _psi,
    ),
    "js": Case(
        metric(
            "p, q = shares(df), shares(baseline)\nreturn float(spatial.distance.jensenshannon(p, q, 2))",
            _SHARES + _VALUES,
        ),
        lambda a, b: float(spatial.distance.jensenshannon(shares(a["score"]), shares(b["score"]), 2)),
    ),
    "ks": Case(
        metric("return float(stats.ks_2samp(values(df), values(baseline)).statistic)", _VALUES),
        lambda a, b: float(stats.ks_2samp(a["score"], b["score"]).statistic),
    ),
    "ks in plans": Case(
        metric("""
from pyspark.sql import Window
both = df.select("score", F.lit(1).alias("mine")).union(baseline.select("score", F.lit(0).alias("mine")))
steps = both.groupBy("score").agg(F.sum("mine").alias("a"), F.sum(1 - F.col("mine")).alias("b"))
order = Window.orderBy("score")
sums = steps.select(F.sum("a").over(order).alias("a"), F.sum("b").over(order).alias("b"))
total = both.agg(F.sum("mine"), F.sum(1 - F.col("mine"))).first()
gap = F.abs(F.col("a") / total[0] - F.col("b") / total[1])
return sums.agg(F.max(gap)).first()[0]
"""),
        lambda a, b: float(stats.ks_2samp(a["score"], b["score"]).statistic),
    ),
    "wasserstein": Case(
        metric("return float(stats.wasserstein_distance(values(df), values(baseline)))", _VALUES),
        lambda a, b: float(stats.wasserstein_distance(a["score"], b["score"])),
    ),
    "mann whitney": Case(
        metric("return float(stats.mannwhitneyu(values(df), values(baseline)).statistic)", _VALUES),
        lambda a, b: float(stats.mannwhitneyu(a["score"], b["score"]).statistic),
    ),
    "welch": Case(
        metric("""
part = lambda frame: frame.agg(F.avg("amount"), F.var_samp("amount"), F.count("amount")).first()
a, b = part(df), part(baseline)
return (a[0] - b[0]) / math.sqrt(a[1] / a[2] + b[1] / b[2])
"""),
        lambda a, b: float(stats.ttest_ind(a["amount"], b["amount"], equal_var=False).statistic),
    ),
    "new categories": Case(
        metric("""
new = df.select("country").distinct().join(baseline.select("country").distinct(), "country", "left_anti")
return new.count()
"""),
        lambda a, b: len({*a["country"]} - {*b["country"]}),
    ),
    "rows of new categories": Case(
        metric("return df.join(baseline.select('country').distinct(), 'country', 'left_anti').count()"),
        lambda a, b: int((~a["country"].isin(b["country"])).sum()),
    ),
    "lost categories": Case(
        metric("return baseline.select('country').subtract(df.select('country')).count()"),
        lambda a, b: len({*b["country"]} - {*a["country"]}),
    ),
    "common categories": Case(
        metric("return df.select('country').intersect(baseline.select('country')).count()"),
        lambda a, b: len({*a["country"]} & {*b["country"]}),
    ),
    "total variation": Case(
        metric("""
count = lambda frame: {row["country"]: row["count"] for row in frame.groupBy("country").count().collect()}
a, b = count(df), count(baseline)
x, y = sum(a.values()), sum(b.values())
return sum(abs(a.get(k, 0) / x - b.get(k, 0) / y) for k in {*a, *b}) / 2
"""),
        lambda a, b: float(np.abs(np.subtract(*_categories(a, b))).sum() / 2),
    ),
    "chi square": Case(
        metric(
            """
count = lambda frame: {row["label"]: row["count"] for row in frame.groupBy("label").count().collect()}
a, b = count(df), count(baseline)
table = [[one.get(k, 0) for k in (0, 1)] for one in (a, b)]
return float(stats.chi2_contingency(table, correction=False)[0])
""",
            _VALUES,
        ),
        lambda a, b: float(
            stats.chi2_contingency(
                [[int((one["label"] == k).sum()) for k in (0, 1)] for one in (a, b)], correction=False
            )[0]
        ),
    ),
    "change of a rate, lower end": Case(
        metric("""
part = lambda frame: frame.agg(F.avg("label"), F.count("label")).first()
(p, n), (q, m) = part(df), part(baseline)
return p - q - 1.959963984540054 * math.sqrt(p * (1 - p) / n + q * (1 - q) / m)
"""),
        _rate_low,
    ),
    "nulls": Case(
        metric("""
share = lambda frame: frame.agg(F.avg((F.col("x").isNull() | F.isnan("x")).cast("double"))).first()[0]
return share(df) - share(baseline)
"""),
        lambda a, b: float(a["x"].isna().mean() - b["x"].isna().mean()),
    ),
    "outside of the baseline's range": Case(
        metric("""
low, high = baseline.agg(F.min("amount"), F.max("amount")).first()
return df.filter((F.col("amount") < low) | (F.col("amount") > high)).count()
"""),
        lambda a, b: int((~a["amount"].between(b["amount"].min(), b["amount"].max())).sum()),
    ),
    "above the baseline's median": Case(
        metric("""
middle = baseline.agg(F.expr("percentile(amount, 0.5)")).first()[0]
return df.filter(F.col("amount") > middle).count() / df.count()
"""),
        lambda a, b: float((a["amount"] > np.percentile(b["amount"], 50)).mean()),
    ),
    "sql over both": Case(
        metric("""
df.createOrReplaceTempView("mine")
baseline.createOrReplaceTempView("theirs")
spark = df.sparkSession
query = "SELECT m.a - t.b FROM (SELECT sum(n) a FROM mine) m CROSS JOIN (SELECT sum(n) b FROM theirs) t"
return spark.sql(query).first()[0]
"""),
        lambda a, b: int(a["n"].sum() - b["n"].sum()),
    ),
    "sql over the baseline": Case(
        metric("""
b = df.sparkSession.sql("SELECT avg(n) FROM {t} WHERE label = 1", t=baseline).first()[0]
return df.filter("label = 1").agg(F.avg("n")).first()[0] - b
"""),
        lambda a, b: float(a[a["label"] == 1]["n"].mean() - b[b["label"] == 1]["n"].mean()),
    ),
    "joined groups": Case(
        metric("""
a = df.groupBy("country").agg(F.avg("amount").alias("a"))
b = baseline.groupBy("country").agg(F.avg("amount").alias("b"))
return a.join(b, "country").agg(F.max(F.abs(F.col("a") - F.col("b")))).first()[0]
"""),
        lambda a, b: float(
            (a.groupby("country")["amount"].mean() - b.groupby("country")["amount"].mean()).abs().max()
        ),
    ),
    "union of both": Case(
        metric("return df.select('n').union(baseline.select('n')).agg(F.stddev('n')).first()[0]"),
        lambda a, b: float(pd.concat([a["n"], b["n"]]).std()),
    ),
    "baseline with itself": Case(
        metric("""
means = baseline.groupBy("country").agg(F.avg("n").alias("m"))
near = baseline.join(means, "country").filter(F.col("n") > F.col("m")).count()
return near + 1000 * df.filter("n > 30").count()
"""),
        lambda a, b: int((b["n"] > b.groupby("country")["n"].transform("mean")).sum())
        + 1000 * int((a["n"] > 30).sum()),
    ),
    "z score of the mean": Case(
        metric("""
mean, spread = baseline.agg(F.avg("n"), F.stddev_samp("n")).first()
return (df.agg(F.avg("n")).first()[0] - mean) / spread
"""),
        lambda a, b: float((a["n"].mean() - b["n"].mean()) / b["n"].std()),
    ),
    "correlations": Case(
        metric("return df.corr('n', 'amount') - baseline.corr('n', 'amount')"),
        lambda a, b: float(a["n"].corr(a["amount"]) - b["n"].corr(b["amount"])),
    ),
    "weighted by the baseline": Case(
        metric("""
weights = {row["label"]: row["count"] for row in baseline.groupBy("label").count().collect()}
means = {row["label"]: row["m"] for row in df.groupBy("label").agg(F.avg("score").alias("m")).collect()}
return sum(weights[k] * means.get(k, 0.0) for k in sorted(weights)) / sum(weights.values())
"""),
        lambda a, b: float(
            (a.groupby("label")["score"].mean() * b["label"].value_counts(normalize=True)).sum()
        ),
    ),
    "newest of each": Case(
        metric("""
last = lambda frame: frame.orderBy(F.desc("id")).limit(1).collect()[0]["amount"]
return last(df) - last(baseline)
"""),
        lambda a, b: float(
            a.sort_values("id")["amount"].iloc[-1] - b.sort_values("id")["amount"].iloc[-1]
        ),
    ),
}  # fmt: skip
