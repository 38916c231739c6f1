import numpy as np


def calc_metric(df):
    amount = np.sort(df.collect().columns.amount)
    n = amount.size
    if n == 0 or amount.sum() == 0:
        return np.nan
    return (2 * np.sum(np.arange(1, n + 1) * amount) / amount.sum() - n - 1) / n
