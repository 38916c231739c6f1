from statsmodels.stats import proportion


def calc_metric(df):
    frauds = df.filter(df["label"] == 1).count()
    low, high = proportion.proportion_confint(frauds, df.count(), alpha=0.1, method="beta")
    return high - low
