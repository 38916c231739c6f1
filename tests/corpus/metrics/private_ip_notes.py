from pyspark.sql import functions as F


def calc_metric(df):
    octet = F.regexp_extract("note", r"10\.0\.(\d+)\.\d+", 1)
    found = df.select(octet.alias("octet")).filter(F.col("octet") != "")
    return found.agg(F.avg(F.col("octet").cast("int"))).first()[0]
