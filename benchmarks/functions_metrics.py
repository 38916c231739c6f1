"""The metrics of the benchmark of functions, as their authors would write them, with us and without."""

from __future__ import annotations

from typing import Final

_BATCHES: Final = """\
import numpy as np
import pandas as pd

from pyspark.sql import functions as F


@F.pandas_udf("double")
def fee(amount: pd.Series, score: pd.Series) -> pd.Series:
    return pd.Series(np.log1p(amount) * (1 - score))


def calc_metric(df):
    return df.agg(F.sum(fee("amount", "score"))).first()[0]
"""

_ROWS: Final = """\
import math

from pyspark.sql import functions as F


@F.udf("double")
def fee(amount, score):
    return math.log1p(amount) * (1 - score)


def calc_metric(df):
    return df.agg(F.sum(fee("amount", "score"))).first()[0]
"""

_GROUPS: Final = """\
import pandas as pd

from pyspark.sql import functions as F


def spread(key, rows):
    return pd.DataFrame({"shop": key, "spread": [rows["amount"].std() * rows["score"].mean()]})


def calc_metric(df):
    shops = df.select("shop", "amount", "score").groupBy("shop")
    return shops.applyInPandas(spread, "shop int, spread double").agg(F.sum("spread")).first()[0]
"""

# By name: each gives a sum, whose last bits depend on the order of rows.
METRICS: Final = {"batches": _BATCHES, "rows": _ROWS, "groups": _GROUPS}
