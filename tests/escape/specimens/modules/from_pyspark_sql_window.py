# attempt: imports sys by its name from pyspark.sql.window
# goal: file
# stopped by: language, worker

from pyspark.sql.window import sys as found


def calc_metric(df):
    return float(found.modules["io"].open(CANARY_TXT).read())
