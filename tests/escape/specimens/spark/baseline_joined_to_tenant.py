# attempt: joins the second frame with another tenant's file in a query that takes it as an argument
# goal: tenant
# stopped by: gateway
# one layer because: SQL text is the gateway's part, and the server has to read all of its roots


def calc_metric(df, baseline):
    query = f"select max(t.secret) from {{b}} cross join parquet.`{CANARY_TENANT}` t"
    return float(baseline.sparkSession.sql(query, b=baseline).first()[0])
