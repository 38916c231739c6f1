# attempt: reads JSON
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.read_json(CANARY_JSON, typ="series", convert_dates=False)["secret"])
