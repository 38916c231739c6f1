# attempt: fetches more rows than a frame may, in parts
# goal: size
# stopped by: gateway
# one layer because: the gateway counts what a frame fetches


def calc_metric(df):
    wide = df.crossJoin(df.select("g"))
    return float(sum(len(wide.toPandas()) for _ in range(3)))
