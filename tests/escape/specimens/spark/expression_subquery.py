# attempt: hides a query over a file in the text of an expression
# goal: file
# stopped by: gateway, server

from pyspark.sql import functions as F


def calc_metric(df):
    return float(df.select(F.expr(f"(select max(value) from text.`{CANARY_TXT}`)")).first()[0])
