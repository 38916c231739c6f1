from pyspark.sql import functions as F


def calc_metric(df):
    cubed = F.col("payment_id") * F.col("payment_id") * F.col("payment_id")
    return df.agg(F.sum(cubed)).first()[0]
