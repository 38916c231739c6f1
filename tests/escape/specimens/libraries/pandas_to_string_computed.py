# attempt: writes a table as text, by a computed name
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    call = getattr(pd.DataFrame({"a": [1]}), "to_" + "string")
    call(buf=CANARY_OUTPUT)
    return 1.0
