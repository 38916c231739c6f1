# attempt: imports dataclasses by its name from scipy.spatial.distance
# goal: file
# stopped by: language, worker

from scipy.spatial.distance import dataclasses as found


def calc_metric(df):
    return float(found.builtins.open(CANARY_TXT).read())
