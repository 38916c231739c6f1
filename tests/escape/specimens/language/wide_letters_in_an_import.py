# attempt: imports a module in full-width letters
# goal: file
# stopped by: language, worker

import ｉo


def calc_metric(df):
    return float(io.open(CANARY_TXT).read())
