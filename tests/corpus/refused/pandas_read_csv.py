# code: attribute-refused
# names: read_csv
import pandas as pd


def calc_metric(df):
    return len(pd.read_csv("/etc/passwd", sep=":"))
