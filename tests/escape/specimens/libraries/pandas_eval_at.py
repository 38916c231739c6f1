# attempt: calls a function in the text of a column's formula
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    read, path = pd.read_csv, CANARY_CSV
    return float(pd.DataFrame({"a": [0.0]}).eval("a + @read(@path).secret[0]")[0])
