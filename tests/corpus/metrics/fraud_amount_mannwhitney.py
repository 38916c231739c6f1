import numpy as np
import scipy.stats


def calc_metric(df):
    pdf = df.select("amount", "label").toPandas()
    frauds, honest = pdf[pdf.label == 1].amount, pdf[pdf.label == 0].amount
    if min(len(frauds), len(honest)) == 0:
        return np.nan
    u = scipy.stats.mannwhitneyu(frauds, honest, alternative="two-sided").statistic
    return u / (len(frauds) * len(honest))
