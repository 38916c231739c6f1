# attempt: walks from textwrap by names that are put together
# goal: file
# stopped by: language, worker

import textwrap


def calc_metric(df):
    found = textwrap
    for name in ["re", "enum", "sys"]:
        found = getattr(found, name[:1] + name[1:])
    return float(found.modules["io"].open(CANARY_TXT).read())
