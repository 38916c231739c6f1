# attempt: walks from the open module random to os
# goal: file
# stopped by: language, worker

import random


def calc_metric(df):
    return float(random._os.read(random._os.open(CANARY_TXT, 0), 99))
