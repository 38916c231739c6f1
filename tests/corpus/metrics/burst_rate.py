from pyspark.sql import Window
from pyspark.sql import functions as F

HOUR = 3600


def calc_metric(df):
    recent = Window.partitionBy("card_id").orderBy("second").rangeBetween(-6 * HOUR, 0)
    counted = df.withColumn("second", F.unix_timestamp("ts")).withColumn("recent", F.count("*").over(recent))
    return counted.select(F.avg((F.col("recent") >= 2).cast("double"))).first()[0]
