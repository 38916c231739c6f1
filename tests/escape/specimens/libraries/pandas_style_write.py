# attempt: writes a styled table
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    pd.DataFrame({"a": [1]}).to_html(CANARY_OUTPUT)
    return 1.0
