# code: import-refused
# names: pyspark.sql.session
from pyspark.sql.session import SparkSession


def calc_metric(df):
    return SparkSession.builder.getOrCreate().table("payments").count()
