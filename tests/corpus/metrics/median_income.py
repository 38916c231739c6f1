from pyspark.sql import functions as F


def calc_metric(df):
    known = df.where(F.col("income").isNotNull() & ~F.isnan("income"))
    return known.agg(F.median("income")).first()[0]
