# attempt: asks attrgetter while sorting
# goal: file
# stopped by: language, worker

import operator
import warnings


def calc_metric(df):
    seen = []
    sorted([warnings], key=lambda one: seen.append(operator.attrgetter("sys")(one)) or 0)
    return float(seen[0].modules["io"].open(CANARY_TXT).read())
