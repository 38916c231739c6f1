# attempt: has the frame kept on the server's disk
# goal: write
# stopped by: backend


def calc_metric(df):
    df.sparkSession.conf.set("spark.checkpoint.dir", CANARY_OUTPUT)
    return float(df.checkpoint().count())
