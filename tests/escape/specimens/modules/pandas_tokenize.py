# attempt: opens a source file with tokenize
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.core.computation.eval.tokenize.open(CANARY_TXT).read())
