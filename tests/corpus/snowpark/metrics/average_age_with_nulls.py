import numpy as np


def calc_metric(df):
    ages = df.select("age").to_pandas()["AGE"]
    return np.mean(ages.to_numpy(dtype=float))
