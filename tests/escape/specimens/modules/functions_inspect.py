# attempt: finds inspect among Spark's functions, and frames in it
# goal: file
# stopped by: language, worker

from pyspark.sql import functions as F


def calc_metric(df):
    return float(F.inspect.currentframe().f_builtins["open"](CANARY_TXT).read())
