# attempt: imports one function under the name of another, for the module that holds both
# goal: frame
# stopped by: engine

from math import fsum as sum


def calc_metric(df):
    return float(sum([1.0]))
