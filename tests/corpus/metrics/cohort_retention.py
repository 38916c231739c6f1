from pyspark.sql import functions as F


def calc_metric(df):
    first = df.groupBy("card_id").agg(F.min("event_date").alias("start"))
    back = df.join(first, "card_id").where(F.datediff("event_date", "start").between(1, 14))
    cards = first.count()
    if not cards:
        return float("nan")
    return back.select("card_id").distinct().count() / cards
