from snowflake.snowpark import functions as F


def calc_metric(df):
    known = df.filter(F.col("income").is_not_null() & ~F.equal_nan(F.col("income")))
    return known.agg(F.covar_samp("age", "income")).collect()[0][0]
