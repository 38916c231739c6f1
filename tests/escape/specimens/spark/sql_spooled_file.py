# attempt: names in SQL a table that another tenant handed to the engine
# goal: tenant
# stopped by: gateway
# one layer because: SQL text is the gateway's part, and the server has to read all of its roots


def calc_metric(df):
    return float(df.sparkSession.sql(f"select * from parquet.`{CANARY_SPOOLED}`").first()[0])
