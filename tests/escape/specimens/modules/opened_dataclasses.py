# attempt: walks from the open module dataclasses to builtins
# goal: file
# stopped by: language, worker

import dataclasses


def calc_metric(df):
    return float(dataclasses.builtins.open(CANARY_TXT).read())
