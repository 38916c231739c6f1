# attempt: walks from the open module pyspark.sql.types to os
# goal: file
# stopped by: language, worker

import pyspark.sql.types


def calc_metric(df):
    return float(pyspark.sql.types.os.read(pyspark.sql.types.os.open(CANARY_TXT, 0), 99))
