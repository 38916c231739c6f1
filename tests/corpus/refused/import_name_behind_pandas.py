# code: import-name-refused import-refused
# names: io
from pandas import io


def calc_metric(df):
    return io.common.os.getpid()
