# attempt: gives an eval names of its own
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    table = pd.DataFrame({"a": [1.0]})
    return float(table.eval("found * 1", resolvers=[{"found": float(open(CANARY_TXT).read())}]))
