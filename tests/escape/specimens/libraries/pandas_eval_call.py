# attempt: evaluates text with pandas
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(
        pd.eval("tool.read_csv(path).secret[0]", local_dict={"tool": pd, "path": CANARY_CSV}, engine="python")
    )
