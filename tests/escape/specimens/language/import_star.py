# attempt: imports everything of a module
# goal: file
# stopped by: language, worker

from io import *


def calc_metric(df):
    return float(FileIO(CANARY_TXT).read())
