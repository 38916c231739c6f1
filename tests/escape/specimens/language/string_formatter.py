# attempt: uses the Formatter class of the string module
# goal: host
# stopped by: language
# one layer because: what the kernel tells every process cannot be hidden by the worker's confinement

import string

import numpy as np


def calc_metric(df):
    print(string.Formatter().format("{0.__file__}", np).replace("/", ":"))
    return 1.0
