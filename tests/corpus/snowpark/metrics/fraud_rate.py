from snowflake.snowpark import functions as F


def calc_metric(df):
    row = df.agg(F.sum("label").alias("frauds"), F.count("*").alias("payments")).collect()[0]
    return row["FRAUDS"] / row["PAYMENTS"] if row["PAYMENTS"] else float("nan")
