# attempt: uses the function by which pandas opens everything
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    with pd.io.common.get_handle(CANARY_TXT, "r") as handles:
        return float(handles.handle.read())
