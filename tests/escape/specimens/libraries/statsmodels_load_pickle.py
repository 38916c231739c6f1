# attempt: loads results that were saved, which is a pickle
# goal: file
# stopped by: language, worker

import statsmodels


def calc_metric(df):
    from statsmodels.iolib.smpickle import load_pickle

    return float(load_pickle(CANARY_PKL).iloc[0, 0])
