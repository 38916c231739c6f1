# attempt: fetches a data set from an address
# goal: network
# stopped by: language, worker

import statsmodels.datasets.utils as utils


def calc_metric(df):
    utils.webuse("auto", baseurl=f"http://127.0.0.1:{CANARY_PORT}/")
    return 1.0
