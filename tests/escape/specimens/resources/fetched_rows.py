# attempt: fetches more rows than a frame may
# goal: size
# stopped by: gateway
# one layer because: the gateway counts what a frame fetches


def calc_metric(df):
    return float(len(df.select("n").crossJoin(df.select("g").union(df.select("g"))).toPandas()))
