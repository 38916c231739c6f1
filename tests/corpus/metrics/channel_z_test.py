import numpy as np
from pyspark.sql import functions as F
from statsmodels.stats.proportion import proportions_ztest


def calc_metric(df):
    rows = (
        df.where(F.col("channel").isin("web", "app"))
        .groupBy("channel")
        .agg(F.sum("label").alias("k"), F.count("*").alias("n"))
        .orderBy("channel")
        .collect()
    )
    if len(rows) < 2:
        return np.nan
    z, p = proportions_ztest([row["k"] for row in rows], [row["n"] for row in rows])
    print(f"z = {z:.3f}, p = {p:.4f}")
    return z
