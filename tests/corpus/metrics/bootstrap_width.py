import numpy as np


def calc_metric(df):
    values = np.sort(np.array(df.select("amount").toPandas()["amount"]))
    if values.size == 0:
        return float("nan")
    rng = np.random.default_rng(20)
    means = [rng.choice(values, values.size).mean() for i in range(50)]
    low, high = np.percentile(means, [5, 95])
    return high - low
