from pyspark.sql import functions as F


def calc_metric(df):
    coupon = F.get_json_object("payload", "$.coupon")
    return df.agg((F.count(coupon) / F.count("payload")).alias("share")).first()["share"]
