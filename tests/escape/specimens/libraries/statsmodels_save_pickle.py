# attempt: saves results as a pickle
# goal: write
# stopped by: language, worker

import statsmodels.iolib.smpickle as smpickle


def calc_metric(df):
    smpickle.save_pickle([1], CANARY_OUTPUT)
    return 1.0
