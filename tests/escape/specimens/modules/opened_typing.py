# attempt: walks from the open module typing to sys
# goal: file
# stopped by: language, worker

import typing


def calc_metric(df):
    return float(typing.sys.modules["io"].open(CANARY_TXT).read())
