# attempt: registers a UDF, and calls it in SQL
# goal: file
# stopped by: language, worker
# not alone under: none, server


def calc_metric(df):
    session = df.sparkSession
    session.udf.register("steal", lambda: open(CANARY_TXT).read().strip(), "string")
    return float(session.sql("select steal()").first()[0])
