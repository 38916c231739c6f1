# attempt: writes the frame
# goal: write
# stopped by: language, gateway, server


def calc_metric(df):
    df.write.parquet(CANARY_OUTPUT)
    return 1.0
