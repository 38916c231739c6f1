# code: import-name-refused
# names: fromfile
from numpy import fromfile


def calc_metric(df):
    return fromfile("/etc/hostname", dtype="uint8").sum()
