# attempt: walks from the open module pyspark.errors to os
# goal: file
# stopped by: language, worker

import pyspark.errors


def calc_metric(df):
    return float(pyspark.errors.utils.os.read(pyspark.errors.utils.os.open(CANARY_TXT, 0), 99))
