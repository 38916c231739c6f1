def calc_metric(df):
    frauds = df.sampleBy("label", fractions={0: 0.0, 1: 1.0}, seed=11)
    return frauds.count()
