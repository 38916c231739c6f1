# attempt: reads a file of another tenant, in the same roots
# goal: tenant
# stopped by: language, gateway


def calc_metric(df):
    return float(df.sparkSession.read.parquet(CANARY_TENANT).first()[0])
