# attempt: asks attrgetter for several paths at once
# goal: file
# stopped by: language, worker

import enum
import operator


def calc_metric(df):
    _, found = operator.attrgetter("Enum", "bltns")(enum)
    return float(found.open(CANARY_TXT).read())
