# attempt: walks from string by names that are put together
# goal: file
# stopped by: language, worker

import string


def calc_metric(df):
    found = string
    for name in ["_re", "enum", "bltns"]:
        found = getattr(found, name[:1] + name[1:])
    return float(found.open(CANARY_TXT).read())
