# attempt: imports builtins by its name from dataclasses
# goal: file
# stopped by: language, worker

from dataclasses import builtins as found


def calc_metric(df):
    return float(found.open(CANARY_TXT).read())
