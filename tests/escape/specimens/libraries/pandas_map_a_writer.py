# attempt: maps a writer over paths
# goal: write
# stopped by: language, worker

import numpy as np
import pandas as pd


def calc_metric(df):
    pd.Series([CANARY_OUTPUT]).map(lambda path: np.savetxt(path, [1.0]))
    return 1.0
