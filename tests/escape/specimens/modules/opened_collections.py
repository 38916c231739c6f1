# attempt: walks from the open module collections to sys
# goal: file
# stopped by: language, worker

import collections


def calc_metric(df):
    return float(collections._sys.modules["io"].open(CANARY_TXT).read())
