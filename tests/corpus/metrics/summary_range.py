def calc_metric(df):
    summary = df.select("latency_ms").summary("min", "max").toPandas().set_index("summary")
    low, high = summary.loc["min", "latency_ms"], summary.loc["max", "latency_ms"]
    return float(high) - float(low) if low is not None else None
