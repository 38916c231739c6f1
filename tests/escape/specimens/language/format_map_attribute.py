# attempt: reads an attribute through format_map
# goal: host
# stopped by: language
# one layer because: what the kernel tells every process cannot be hidden by the worker's confinement

import numpy as np


def calc_metric(df):
    print("{np.__file__}".format_map({"np": np}).replace("/", ":"))
    return 1.0
