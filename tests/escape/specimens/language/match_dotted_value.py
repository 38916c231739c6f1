# attempt: compares with a dotted name, so that equality is asked of a spy
# goal: file
# stopped by: language, worker

import numpy as np


class Spy:
    def __eq__(self, other):
        self.found = other(CANARY_TXT)
        return True


def calc_metric(df):
    spy = Spy()
    match spy:
        case np.loadtxt:
            return float(spy.found)
    return -1
