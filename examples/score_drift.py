"""Has the score moved? The population stability index of the last week against the time before it.

Above 0.1 is worth a look, above 0.25 the model sees other payments than it was trained on.
"""

import numpy as np
from pyspark.sql import functions as F

BINS = 10


def calc_metric(df):
    last_day = df.agg(F.max("event_date")).first()[0]
    if last_day is None:
        return float("nan")

    recent = F.col("event_date") > F.date_sub(F.lit(last_day), 7)
    counts = (
        df.groupBy(F.least(F.floor(F.col("score") * BINS), F.lit(BINS - 1)).alias("bin"))
        .agg(F.count_if(~recent).alias("before"), F.count_if(recent).alias("now"))
        .toPandas()
    )
    # Half a payment in each bin keeps the logarithm finite where one of the two is empty.
    before, now = (counts[name] + 0.5 for name in ("before", "now"))
    before, now = before / before.sum(), now / now.sum()
    return np.sum((now - before) * np.log(now / before))
