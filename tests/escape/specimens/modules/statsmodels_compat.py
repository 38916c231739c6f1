# attempt: goes through the compatibility layer to pandas' readers
# goal: file
# stopped by: language, worker

import statsmodels.stats.proportion as proportion


def calc_metric(df):
    return float(proportion.pd.read_csv(CANARY_CSV).iloc[0, 0])
