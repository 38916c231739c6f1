# code: import-refused
# names: .
from . import worker


def calc_metric(df):
    return worker.pid
