# attempt: finds sys among Spark's functions
# goal: file
# stopped by: language, worker

from pyspark.sql import functions as F


def calc_metric(df):
    return float(F.sys.modules["_io"].open(CANARY_TXT).read())
