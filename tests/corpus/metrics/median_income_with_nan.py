from pyspark.sql import functions as F


def calc_metric(df):
    return df.agg(F.median("income"), F.percentile("income", 0.25)).first()[0]
