# attempt: walks from the open module pyspark.sql.window to sys
# goal: file
# stopped by: language, worker

import pyspark.sql.window


def calc_metric(df):
    return float(pyspark.sql.window.sys.modules["io"].open(CANARY_TXT).read())
