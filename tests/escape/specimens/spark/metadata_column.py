# attempt: selects the hidden column that tells the file
# goal: host
# stopped by: gateway
# one layer because: only the gateway knows which columns the data has; to the server this is one more


def calc_metric(df):
    print(df.select("_metadata.file_path").first()[0])
    return 1.0
