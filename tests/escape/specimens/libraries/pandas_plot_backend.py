# attempt: has a module loaded by the name of a plotting backend
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    pd.compat.sys.path.insert(0, CANARY_FOLDER)
    try:
        pd.DataFrame({"a": [1]}).plot(backend="credentials")
    except ValueError:
        pass
    return float(pd.compat.sys.modules["credentials"].secret)
