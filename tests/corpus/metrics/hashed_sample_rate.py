from pyspark.sql import functions as F


def calc_metric(df):
    sample = df.where(F.pmod(F.crc32(F.col("payment_id").cast("string")), F.lit(10)) < 3)
    return sample.agg(F.avg("label")).first()[0]
