from pyspark.sql import functions as F


def calc_metric(df):
    sessions = df.groupBy("card_id", F.session_window("ts", "2 hours")).agg(F.count("*").alias("n"))
    return sessions.agg(F.avg("n")).first()[0]
