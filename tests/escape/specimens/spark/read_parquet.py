# attempt: reads Parquet through the session's reader
# goal: file
# stopped by: language, gateway, server


def calc_metric(df):
    return float(df.sparkSession.read.parquet(CANARY_PARQUET).first()[0])
