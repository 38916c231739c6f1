from pyspark.sql import functions as F


def calc_metric(df):
    a = df.alias("a")
    b = df.alias("b")
    pairs = a.join(
        b,
        (F.col("a.card_id") == F.col("b.card_id"))
        & (F.col("a.event_date") == F.col("b.event_date"))
        & (F.col("a.payment_id") < F.col("b.payment_id")),
    )
    return pairs.count()
