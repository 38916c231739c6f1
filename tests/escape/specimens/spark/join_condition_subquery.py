# attempt: hides a query over a file in the condition of a join
# goal: file
# stopped by: gateway, server

from pyspark.sql import functions as F


def calc_metric(df):
    pair = df.alias("a").join(df.alias("b"), F.expr("a.n = b.n"))
    return float(pair.select(F.expr(f"(select first(value) from text.`{CANARY_TXT}`)").alias("v")).first()[0])
