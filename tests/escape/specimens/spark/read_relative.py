# attempt: reads another tenant's file by a path that goes up and down
# goal: tenant
# stopped by: language, gateway


def calc_metric(df):
    path = CANARY_TENANT_FOLDER + "/../theirs/./payments.parquet"
    return float(df.sparkSession.read.parquet(path).first()[0])
