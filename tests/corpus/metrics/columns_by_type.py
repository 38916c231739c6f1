from pyspark.sql import functions as F


def calc_metric(df):
    numeric = [name for name, kind in df.dtypes if kind in ("double", "int", "bigint")]
    spread = df.select([F.stddev_pop(name).alias(name) for name in numeric if name != "income"]).first()
    return max(value for value in spread if value is not None)
