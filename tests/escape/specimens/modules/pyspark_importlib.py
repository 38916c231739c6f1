# attempt: imports by importlib, found in pyspark
# goal: file
# stopped by: language, worker

import pyspark


def calc_metric(df):
    return float(pyspark.context.importlib.import_module("io").open(CANARY_TXT).read())
