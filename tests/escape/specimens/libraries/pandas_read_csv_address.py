# attempt: gives pandas an address instead of a file
# goal: network
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.read_csv(f"http://127.0.0.1:{CANARY_PORT}/secret.csv").iloc[0, 0])
