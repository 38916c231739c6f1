# attempt: names another tenant's file in SQL, in the same roots
# goal: tenant
# stopped by: gateway
# one layer because: SQL text is the gateway's part, and the server has to read all of its roots


def calc_metric(df):
    return float(df.sparkSession.sql(f"select * from parquet.`{CANARY_TENANT}`").first()[0])
