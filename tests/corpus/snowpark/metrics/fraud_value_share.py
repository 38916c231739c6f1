import numpy as np


def calc_metric(df):
    rows = df.select("label", "amount").to_pandas()
    return np.average(rows["LABEL"], weights=rows["AMOUNT"])
