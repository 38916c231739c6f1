from pyspark.sql import functions as F


def calc_metric(df):
    attempt = F.element_at("attrs", "attempt").cast("int")
    return df.select(F.avg(attempt)).first()[0]
