# attempt: hides an import behind a harmless one on the same line
# goal: file
# stopped by: language, worker

import io as nothing

import numpy as np


def calc_metric(df):
    return float(nothing.open(CANARY_TXT).read())
