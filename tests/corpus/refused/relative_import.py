# code: import-refused
# names: relative
from . import worker


def calc_metric(df):
    return worker.pid
