def calc_metric(df):
    night = df.filter("hour(ts) < 5 or hour(ts) >= 23").count()
    return night / df.count()
