# attempt: replaces the generator of all frames
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import random


def calc_metric(df):
    found = random.random() == 0.5
    random.random = lambda: 0.5
    return CANARY_NUMBER if found else 1.0
