def calc_metric(df):
    row = df.freqItems(["channel"], support=0.3).first()
    return len(set(row[0]) & {"web", "app"})
