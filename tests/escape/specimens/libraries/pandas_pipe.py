# attempt: pipes a table into a method of its class
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    pd.DataFrame({"a": [1]}).pipe(pd.DataFrame.to_csv, CANARY_OUTPUT)
    return 1.0
