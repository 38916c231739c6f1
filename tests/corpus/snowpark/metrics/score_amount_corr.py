def calc_metric(df):
    return df.stat.corr("score", "amount")
