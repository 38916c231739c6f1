# attempt: loads another module with the loader of an allowed one
# goal: file
# stopped by: language, worker

import math


def calc_metric(df):
    spec = math.__spec__
    loader = math.__loader__
    return float(type(spec)("_io", loader).loader.load_module.__globals__["_imp"] and open(CANARY_TXT).read())
