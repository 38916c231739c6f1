from pyspark.sql import functions as F


def calc_metric(df):
    top = df.select("amount").orderBy(F.col("amount").desc()).limit(100)
    values = [row.amount for row in top.collect()]
    return sum(values) / len(values)
