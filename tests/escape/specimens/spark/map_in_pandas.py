# attempt: maps the frame through Python
# goal: file
# stopped by: language, worker

import pandas as pd


def read(tables):
    for _ in tables:
        yield pd.DataFrame({"v": [open(CANARY_TXT).read().strip()]})


def calc_metric(df):
    return float(df.limit(1).mapInPandas(read, "v string").first()[0])
