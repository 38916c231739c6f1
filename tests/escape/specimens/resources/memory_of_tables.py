# attempt: joins a pandas table with itself
# goal: memory
# stopped by: worker
# one layer because: only the kernel counts what a worker holds

import numpy as np
import pandas as pd


def calc_metric(df):
    table = pd.DataFrame({"k": np.zeros(3000), "v": np.ones(3000)})
    return float(len(table.merge(table, on="k")))
