# attempt: asks attrgetter for a path through modules
# goal: file
# stopped by: language, worker

import operator
import uuid


def calc_metric(df):
    found = operator.attrgetter("os")(uuid)
    return float(found.read(found.open(CANARY_TXT, 0), 99))
