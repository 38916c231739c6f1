# attempt: reads a line of a file with linecache
# goal: file
# stopped by: language, worker

import pyspark


def calc_metric(df):
    return float(pyspark.profiler.linecache.getline(CANARY_TXT, 1))
