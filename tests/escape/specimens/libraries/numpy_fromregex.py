# attempt: reads what a pattern finds in a file
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    return float(np.fromregex(CANARY_TXT, r"(\d+)", [("n", "f8")])["n"][0])
