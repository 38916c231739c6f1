# attempt: makes a view of a file
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    session = df.sparkSession
    session.sql(f"create temporary view stolen_view as select * from text.`{CANARY_TXT}`")
    return float(session.table("stolen_view").first()[0])
