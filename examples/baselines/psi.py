"""The population stability index of the score, from counts alone: ten numbers of each frame are fetched.

Above 0.1 is worth a look, above 0.25 the model sees other payments than it was trained on.
"""

import math

import numpy as np
from pyspark.sql import functions as F

BINS = 10


def calc_metric(df, baseline):
    before, now = count(baseline), count(df)
    if not before.sum() or not now.sum():
        return math.nan
    # Half a payment in each bin keeps the logarithm finite where one of the two is empty.
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in (before, now))
    return float(np.sum((q - p) * np.log(q / p)))


def count(frame):
    bins = F.least(F.floor(F.col("score") * BINS), F.lit(BINS - 1)).alias("bin")
    counts = np.zeros(BINS)
    for row in frame.filter("score is not null").groupBy(bins).count().collect():
        counts[row["bin"]] = row["count"]
    return counts
