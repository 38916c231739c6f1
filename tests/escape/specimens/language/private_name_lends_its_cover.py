# attempt: gives an own class the private name of a library's attribute
# goal: file
# stopped by: language, worker

import random


def calc_metric(df):
    class Own:
        _os = 1

    found = [random][0]._os
    return float(found.read(found.open(CANARY_TXT, 0), 99))
