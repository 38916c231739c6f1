# attempt: lets apply call a method by its name
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    pd.DataFrame({"a": [1]}).apply("to_json", args=(CANARY_OUTPUT,))
    return 1.0
