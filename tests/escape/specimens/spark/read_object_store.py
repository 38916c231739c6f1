# attempt: reads from an object store at an address of its choice
# goal: network
# stopped by: backend


def calc_metric(df):
    reader = df.sparkSession.read.option("endpoint", f"http://127.0.0.1:{CANARY_PORT}")
    return float(reader.parquet("s3://bucket/key").count())
