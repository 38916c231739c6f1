from pyspark.sql import functions as F


def calc_metric(df):
    return df.agg(F.avg("scoer")).first()[0]
