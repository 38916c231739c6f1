from scipy.stats import ks_2samp


def calc_metric(df):
    pdf = df.select("event_date", "score").toPandas()
    days = pdf["event_date"]
    middle = sorted(days.unique())[days.nunique() // 2]
    before, after = pdf[days < middle], pdf[days >= middle]
    statistic, p = ks_2samp(before["score"], after["score"])
    return statistic
