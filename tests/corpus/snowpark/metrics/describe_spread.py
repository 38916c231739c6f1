from snowflake.snowpark.functions import mean, stddev


def calc_metric(df):
    row = df.select(stddev("amount").alias("spread"), mean("amount").alias("middle")).collect()[0]
    return row["SPREAD"] / row["MIDDLE"]
