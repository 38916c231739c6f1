from pyspark.sql import functions as F


def calc_metric(df):
    words = F.split(F.lower(F.trim(F.regexp_replace("note", "[^A-Za-z ]", " "))), " +")
    counted = df.select(F.explode(words).alias("word")).where(F.length("word") > 3)
    return counted.groupBy("word").count().agg(F.max("count") / F.sum("count")).first()[0]
