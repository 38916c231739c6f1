# attempt: finds sys in pyspark, and any module in it
# goal: file
# stopped by: language, worker

import pyspark


def calc_metric(df):
    return float(pyspark.sys.modules["builtins"].open(CANARY_TXT).read())
