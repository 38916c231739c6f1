# attempt: writes a query's answer into a folder
# goal: write
# stopped by: gateway, server


def calc_metric(df):
    df.createOrReplaceTempView("mine")
    df.sparkSession.sql(
        f"insert overwrite directory '{CANARY_OUTPUT}' using parquet select n from mine"
    ).collect()
    return 1.0
