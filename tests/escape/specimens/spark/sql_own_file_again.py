# attempt: names its own dataset's file in SQL, past the time range
# goal: rows
# stopped by: gateway
# one layer because: SQL text is the gateway's part, and the server has to read all of its roots


def calc_metric(df):
    return float(df.sparkSession.sql(f"select max(n) from parquet.`{CANARY_MINE}`").first()[0])
