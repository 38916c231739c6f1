# attempt: writes a table with pandas
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    pd.DataFrame({"a": [1]}).to_csv(CANARY_OUTPUT)
    return 1.0
