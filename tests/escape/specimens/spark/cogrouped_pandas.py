# attempt: maps pairs of groups through Python
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    pairs = df.groupBy("g").cogroup(df.groupBy("g"))
    read = pairs.applyInPandas(
        lambda a, b: pd.DataFrame({"v": [open(CANARY_TXT).read().strip()]}), "v string"
    )
    return float(read.first()[0])
