# attempt: reaches the module behind Spark's functions
# goal: file
# stopped by: language, worker

from pyspark.sql import functions as F


def calc_metric(df):
    return float(F.builtin.sys.modules["io"].open(CANARY_TXT).read())
