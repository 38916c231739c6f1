# attempt: lets groupby call a method by its name
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    pd.DataFrame({"a": [1], "b": [2]}).groupby("a")["b"].apply(pd.Series.to_csv, CANARY_OUTPUT)
    return 1.0
