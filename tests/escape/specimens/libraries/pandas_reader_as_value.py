# attempt: keeps the reader in a dict, to be called later
# goal: file
# stopped by: language, worker

import pandas as pd

TOOLS = {"read": pd.read_csv}


def calc_metric(df):
    return float(TOOLS["read"](CANARY_CSV).iloc[0, 0])
