# attempt: walks from datetime by names that are put together
# goal: file
# stopped by: language, worker

import datetime


def calc_metric(df):
    found = datetime
    for name in ["sys"]:
        found = getattr(found, name[:1] + name[1:])
    return float(found.modules["io"].open(CANARY_TXT).read())
