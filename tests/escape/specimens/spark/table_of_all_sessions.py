# attempt: names a view that another tenant made for all sessions
# goal: tenant
# stopped by: gateway
# one layer because: global views are the server's own; only the gateway knows which names a metric may use


def calc_metric(df):
    return float(df.sparkSession.table("global_temp.their_global_view").first()[0])
