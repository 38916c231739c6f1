# attempt: hides a query over another tenant's file in an order
# goal: tenant
# stopped by: gateway
# one layer because: SQL text is the gateway's part, and the server has to read all of its roots

from pyspark.sql import functions as F


def calc_metric(df):
    secret = F.expr(f"(select max(secret) from parquet.`{CANARY_TENANT}`)")
    return float(df.orderBy(secret + F.col("n")).select(secret.alias("s")).first()["s"])
