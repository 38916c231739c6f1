def calc_metric(df):
    pdf = df.select("ts", "amount").toPandas().set_index("ts")
    daily = pdf["amount"].resample("D").sum()
    return daily.std() / daily.mean()
