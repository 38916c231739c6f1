# attempt: walks from the open module re to builtins
# goal: file
# stopped by: language, worker

import re


def calc_metric(df):
    return float(re.enum.bltns.open(CANARY_TXT).read())
