# attempt: reads the globals of re.sub
# goal: file
# stopped by: language, worker

import re


def calc_metric(df):
    return float(re.sub.__globals__["__builtins__"]["open"](CANARY_TXT).read())
