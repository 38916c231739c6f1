# attempt: reads the globals of heapq.merge
# goal: file
# stopped by: language, worker

import heapq


def calc_metric(df):
    return float(heapq.merge.__globals__["__builtins__"]["open"](CANARY_TXT).read())
