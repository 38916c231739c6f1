from pyspark.sql import functions as F


def calc_metric(df):
    plans = df.select(F.col("plan").alias("name")).distinct().alias("plans")
    top = (
        df.where(F.col("plan") == F.col("plans.name").outer())
        .select("amount")
        .orderBy(F.desc("amount"))
        .limit(2)
    )
    return plans.lateralJoin(top).agg(F.sum("amount")).first()[0]
