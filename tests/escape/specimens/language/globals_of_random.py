# attempt: reads the globals of random.Random.shuffle
# goal: file
# stopped by: language, worker

import random


def calc_metric(df):
    return float(
        random.Random.shuffle.__globals__["_os"].read(
            random.Random.shuffle.__globals__["_os"].open(CANARY_TXT, 0), 99
        )
    )
