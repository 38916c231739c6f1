from pyspark.sql import functions as F

FEES = [("web", 0.012), ("app", 0.010), ("terminal", 0.004)]


def calc_metric(df):
    fees = df.sparkSession.createDataFrame(FEES, "channel string, fee double")
    priced = df.join(F.broadcast(fees), "channel", "left").na.fill({"fee": 0.02})
    return priced.agg(F.sum(F.col("amount") * F.col("fee"))).first()[0]
