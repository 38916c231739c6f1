# attempt: reads the globals of statistics.mean
# goal: file
# stopped by: language, worker

import statistics


def calc_metric(df):
    return float(statistics.mean.__globals__["__builtins__"]["open"](CANARY_TXT).read())
