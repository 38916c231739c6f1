# attempt: asks an object store with Arrow's own client
# goal: network
# stopped by: language, worker


def calc_metric(df):
    import pyarrow.fs

    store = pyarrow.fs.S3FileSystem(
        access_key="a",
        secret_key="b",
        endpoint_override=f"127.0.0.1:{CANARY_PORT}",
        scheme="http",
        region="x",
        request_timeout=0.5,
        retry_strategy=pyarrow.fs.AwsStandardS3RetryStrategy(max_attempts=0),
    )
    store.get_file_info("bucket/key")
    return 1.0
