# attempt: writes a stream of the frame
# goal: write
# stopped by: backend


def calc_metric(df):
    df.writeStream.format("parquet").option("checkpointLocation", CANARY_OUTPUT).start(CANARY_OUTPUT)
    return 1.0
