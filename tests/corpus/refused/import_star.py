# code: import-refused import-name-refused syntax-refused
# names: *
from math import *


def calc_metric(df):
    return sqrt(df.count())
