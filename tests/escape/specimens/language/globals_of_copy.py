# attempt: reads the globals of copy.deepcopy
# goal: file
# stopped by: language, worker

import copy


def calc_metric(df):
    return float(copy.deepcopy.__globals__["__builtins__"]["open"](CANARY_TXT).read())
