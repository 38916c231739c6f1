# attempt: applies a function that reads another tenant's file
# goal: tenant
# stopped by: language, worker

from pyspark.sql import functions as F


def calc_metric(df):
    read = F.udf(lambda n: open(CANARY_TENANT_CSV).read().split()[1], "string")
    return float(df.limit(1).select(read("n")).first()[0])
