from pyspark.sql import functions as F


def calc_metric(df):
    typical = df.agg(F.avg("amount")).scalar()
    return df.where(F.col("amount") > typical).count() / max(1, df.count())
