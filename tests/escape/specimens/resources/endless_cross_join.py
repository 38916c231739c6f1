# attempt: joins the frame with itself, again and again
# goal: time
# stopped by: engine


def calc_metric(df):
    return float(df.crossJoin(df).crossJoin(df).crossJoin(df).crossJoin(df).count())
