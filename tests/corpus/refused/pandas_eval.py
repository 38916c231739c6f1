# code: attribute-refused
# names: eval
import pandas as pd


def calc_metric(df):
    return pd.eval("1 + 1")
