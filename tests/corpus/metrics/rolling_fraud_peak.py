def calc_metric(df):
    pdf = df.select("ts", "payment_id", "label").toPandas()
    ordered = pdf.sort_values(["ts", "payment_id"])
    return ordered["label"].rolling(200, min_periods=20).mean().max()
