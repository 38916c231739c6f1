# attempt: maps each group through Python
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    groups = df.groupBy("g").applyInPandas(
        lambda t: pd.DataFrame({"v": [open(CANARY_TXT).read().strip()]}), "v string"
    )
    return float(groups.first()[0])
