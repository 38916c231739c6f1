"""How far the scores of frauds and of honest payments lie apart: the Kolmogorov-Smirnov statistic."""

from scipy import stats


def calc_metric(df):
    scores = df.select("score", "label").toPandas()
    frauds = scores.loc[scores["label"] == 1, "score"]
    honest = scores.loc[scores["label"] == 0, "score"]
    if frauds.empty or honest.empty:
        return float("nan")
    return stats.ks_2samp(frauds, honest).statistic
