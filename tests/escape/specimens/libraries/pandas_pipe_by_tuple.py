# attempt: pipes a table into a function that takes it under a name
# goal: write
# stopped by: language, worker

import numpy as np
import pandas as pd


def calc_metric(df):
    pd.Series([1.0]).pipe((np.save, "arr"), file=CANARY_OUTPUT)
    return 1.0
