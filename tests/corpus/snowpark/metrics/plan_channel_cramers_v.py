import numpy as np
from scipy import stats


def calc_metric(df):
    counts = df.group_by("plan", "channel").count().to_pandas()
    table = counts.pivot(index="PLAN", columns="CHANNEL", values="COUNT").fillna(0).to_numpy(dtype=float)
    if table.shape[0] < 2:
        return np.nan
    chi2 = stats.chi2_contingency(table, correction=False).statistic
    return np.sqrt(chi2 / table.sum() / (min(table.shape) - 1))
