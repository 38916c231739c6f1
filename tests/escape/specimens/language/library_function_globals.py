# attempt: reads the globals of a library's function, which are not the guest's
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.concat.__globals__["__builtins__"]["open"](CANARY_TXT).read())
