import pyspark.sql.functions as F


def calc_metric(df):
    business = F.when(F.col("plan") == "business", F.col("amount")).otherwise(0.0)
    return df.select(F.sum(business)).collect()[0][0]
