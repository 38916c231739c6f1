# attempt: opens a file with codecs
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.io.common.codecs.open(CANARY_TXT, encoding="ascii").read())
