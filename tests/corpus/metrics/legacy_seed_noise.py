import numpy as np


def calc_metric(df):
    scores = np.sort(df.select("score").collect().columns.score)
    np.random.seed(3)
    noisy = scores + np.random.normal(0, 0.01, len(scores))
    return float(np.mean(noisy > 0.2))
