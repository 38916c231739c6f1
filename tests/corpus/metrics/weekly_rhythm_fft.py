import numpy as np
from pyspark.sql import functions as F


def calc_metric(df):
    daily = df.groupBy("event_date").agg(F.avg("amount").alias("mean")).orderBy("event_date").collect()
    series = np.array([row["mean"] for row in daily])
    if series.size < 4:
        return float("nan")
    power = np.abs(np.fft.rfft(series - series.mean())) ** 2
    return power[1:].max() / power.sum()
