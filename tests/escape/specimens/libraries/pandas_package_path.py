# attempt: asks pandas for the folder of its package
# goal: host
# stopped by: language
# one layer because: what the kernel tells every process cannot be hidden by the worker's confinement

import pandas as pd


def calc_metric(df):
    print(pd.__path__[0].replace("/", ":"))
    return 1.0
