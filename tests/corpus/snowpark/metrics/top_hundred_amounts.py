from snowflake.snowpark import functions as F


def calc_metric(df):
    return df.order_by(F.col("amount").desc()).limit(100).agg(F.avg("amount")).collect()[0][0]
