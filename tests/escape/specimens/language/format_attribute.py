# attempt: reads an attribute through str.format
# goal: host
# stopped by: language
# one layer because: what the kernel tells every process cannot be hidden by the worker's confinement

import numpy as np


def calc_metric(df):
    print("{0.__file__}".format(np).replace("/", ":"))
    return 1.0
