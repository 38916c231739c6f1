from pyspark.sql import functions as F


def calc_metric(df):
    points = (
        F.when(F.col("amount") > 500, 5)
        .when((F.col("amount") > 100) & (F.col("channel") == "phone"), 4)
        .when(F.col("country").isNull(), 3)
        .when(F.col("age").between(18, 21), 2)
        .otherwise(0)
    )
    return df.withColumn("points", points).agg({"points": "avg"}).first()["avg(points)"]
