# attempt: writes with bz2
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    with pd.compat.compressors.bz2.open(CANARY_OUTPUT, "wb") as target:
        target.write(b"stolen")
    return 1.0
