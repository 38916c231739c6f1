from snowflake.snowpark import functions as F


def calc_metric(df):
    row = df.agg(
        F.regr_slope("latency_ms", "amount").alias("slope"), F.corr("latency_ms", "amount").alias("r")
    ).collect()[0]
    return 1000 * row["SLOPE"] + row["R"] ** 2
