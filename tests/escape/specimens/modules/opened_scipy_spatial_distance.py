# attempt: walks from the open module scipy.spatial.distance to builtins
# goal: file
# stopped by: language, worker

import scipy.spatial.distance


def calc_metric(df):
    return float(scipy.spatial.distance.dataclasses.builtins.open(CANARY_TXT).read())
