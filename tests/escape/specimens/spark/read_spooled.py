# attempt: reads a table that another tenant handed to the engine
# goal: tenant
# stopped by: language, gateway


def calc_metric(df):
    return float(df.sparkSession.read.parquet(CANARY_SPOOLED).first()[0])
