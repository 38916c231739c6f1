# attempt: has a library print a traceback
# goal: host
# stopped by: engine

import pandas as pd


def calc_metric(df):
    try:
        pd.DataFrame({"a": [1]}).groupby("nothing")
    except KeyError as error:
        print(repr(error), error.args)
    pd.DataFrame({"a": [1]}).info()
    return 1.0
