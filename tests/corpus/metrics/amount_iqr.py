def calc_metric(df):
    quartiles = df.approxQuantile("amount", [0.25, 0.75], 0.0)
    if not quartiles:
        return float("nan")
    low, high = quartiles
    return high - low
