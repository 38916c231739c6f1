# attempt: walks from the open module pyspark.sql.functions to sys
# goal: file
# stopped by: language, worker

import pyspark.sql.functions


def calc_metric(df):
    return float(pyspark.sql.functions.sys.modules["io"].open(CANARY_TXT).read())
