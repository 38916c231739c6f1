# attempt: hides a query over another tenant's file in selectExpr
# goal: tenant
# stopped by: gateway
# one layer because: SQL text is the gateway's part, and the server has to read all of its roots


def calc_metric(df):
    return float(df.selectExpr(f"(select max(secret) from parquet.`{CANARY_TENANT}`)").first()[0])
