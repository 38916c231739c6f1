# attempt: opens an address with the helper of pandas
# goal: network
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    pd.io.common.urlopen(f"http://127.0.0.1:{CANARY_PORT}/", timeout=1)
    return 1.0
