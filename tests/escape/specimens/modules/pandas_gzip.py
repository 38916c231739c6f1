# attempt: writes with gzip, which opens files by itself
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    with pd.io.common.gzip.open(CANARY_OUTPUT, "wt") as target:
        target.write("stolen")
    return 1.0
