# attempt: names another session's view in SQL
# goal: tenant
# stopped by: engine


def calc_metric(df):
    return float(df.sparkSession.sql("select * from their_view").first()[0])
