# attempt: imports something harmless under the name of builtins
# goal: file
# stopped by: language, worker

import math as __builtins__

import numpy as np


def calc_metric(df):
    return [np][0].loadtxt(CANARY_TXT) + 0.0
