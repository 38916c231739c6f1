from pyspark.sql import functions as F


def calc_metric(df):
    per_card = df.groupBy("card_id").agg(F.collect_set("channel").alias("channels"))
    loyal = per_card.filter(F.array_join(F.sort_array("channels"), "+") == "app+web")
    return loyal.count() / per_card.count()
