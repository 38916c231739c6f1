# attempt: matches a pattern that tries everything
# goal: time
# stopped by: engine

import pandas as pd


def calc_metric(df):
    return float(pd.Series(["a" * 60 + "b"]).str.match(r"(a+)+(b|c)*$x").sum())
