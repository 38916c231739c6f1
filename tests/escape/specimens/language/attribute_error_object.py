# attempt: takes the object behind an AttributeError of a guard
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    try:
        getattr(np, "nothing_of_this_name")
    except AttributeError as error:
        return float(error.obj.loadtxt(CANARY_TXT))
