import numpy as np
from scipy.stats import chi2_contingency


def calc_metric(df):
    table = df.crosstab("plan", "channel").toPandas().set_index("plan_channel")
    counts = table.to_numpy()
    if counts.size == 0:
        return np.nan
    chi2 = chi2_contingency(counts, correction=False).statistic
    degrees = min(counts.shape) - 1
    return np.sqrt(chi2 / (counts.sum() * degrees)) if degrees else np.nan
