# attempt: reads back what it wrote over another tenant's folder
# goal: tenant
# stopped by: language, gateway, server


def calc_metric(df):
    session = df.sparkSession
    session.read.parquet(CANARY_TENANT).write.mode("append").parquet(CANARY_OUTPUT)
    return float(session.read.parquet(CANARY_OUTPUT).first()[0])
