import numpy as np


def calc_metric(df):
    columns = df.select("age", "score").collect().columns
    known = ~np.isnan(columns.age)
    return np.average(columns["age"][known], weights=columns["score"][known])
