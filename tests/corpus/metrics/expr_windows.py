from pyspark.sql import functions as F


def calc_metric(df):
    share = F.expr("price / nullif(sum(price) over (partition by card_id, event_date), 0)")
    return df.select(share.alias("share")).agg(F.expr("avg(share) filter (where share < 1)")).first()[0]
