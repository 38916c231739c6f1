# attempt: adds an attribute to every table
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import pandas as pd


def calc_metric(df):
    if hasattr(pd.Series([1]), "leftover"):
        return CANARY_NUMBER
    pd.api.extensions.register_series_accessor("leftover")(lambda series: 1)
    return 1.0
