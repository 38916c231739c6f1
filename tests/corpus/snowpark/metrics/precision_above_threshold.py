from snowflake.snowpark.functions import avg, col


def calc_metric(df):
    return df.where(col("score") >= 0.35).select(avg(col("label") * 1.0)).collect()[0][0]
