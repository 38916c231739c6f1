# attempt: puts a read of its own in place of a frame argument
# goal: tenant
# stopped by: language, gateway


def calc_metric(df):
    other = df.sparkSession.read.parquet(CANARY_TENANT)
    return float(df.sparkSession.sql("select * from {other}", other=other).first()[0])
