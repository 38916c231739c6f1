# attempt: writes to an object store at an address of its choice
# goal: network
# stopped by: backend


def calc_metric(df):
    df.write.option("endpoint", f"http://127.0.0.1:{CANARY_PORT}").parquet(
        f"http://127.0.0.1:{CANARY_PORT}/b"
    )
    return 1.0
