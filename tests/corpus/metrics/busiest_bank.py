from pyspark.sql import functions as F


def calc_metric(df):
    banks = df.groupBy(F.col("attrs")["bank"].alias("bank")).agg(F.count("*").alias("n"))
    return banks.agg(F.max("n") / F.sum("n")).first()[0]
