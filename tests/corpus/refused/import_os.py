# code: import-refused
# names: os
import os


def calc_metric(df):
    return len(os.environ)
