# attempt: names a view of another session
# goal: tenant
# stopped by: engine


def calc_metric(df):
    return float(df.sparkSession.table("their_view").first()[0])
