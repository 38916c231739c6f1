from pyspark.sql import functions as F


def calc_metric(df):
    tags = df.select(F.explode("tags").alias("tag")).where("tag is not null")
    counts = tags.groupBy("tag").count().orderBy(F.desc("count"), "tag")
    top = counts.first()
    return top["count"] / tags.count() if top else float("nan")
