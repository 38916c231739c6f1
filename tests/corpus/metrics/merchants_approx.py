from pyspark.sql import functions as F


def calc_metric(df):
    exact, approximate = df.agg(
        F.count_distinct("merchant_id"), F.approx_count_distinct("merchant_id")
    ).first()
    return exact if abs(approximate - exact) <= 0.2 * exact else -1
