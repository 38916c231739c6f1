from pyspark.sql import functions as F


def calc_metric(df):
    names = ["country", "age", "income", "disputed", "payload"]
    missing = df.select([F.avg(F.col(name).isNull().cast("double")).alias(name) for name in names]).first()
    shares = [missing[name] for name in names]
    return None if None in shares else max(shares)
