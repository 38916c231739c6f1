from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def only_trusted(df: DataFrame) -> DataFrame:
    return df.filter(F.col("device.trusted"))


def with_log_amount(df: DataFrame, offset: float = 1.0) -> DataFrame:
    return df.withColumn("log_amount", F.log(F.col("amount") + offset))


def calc_metric(df: DataFrame) -> float:
    shaped = df.transform(only_trusted).transform(with_log_amount, offset=0.5)
    skew, heavy = shaped.agg(F.skewness("log_amount"), F.kurtosis("log_amount")).first()
    return float("nan") if skew is None else abs(skew) + abs(heavy)
