# attempt: copies a file with shutil
# goal: write
# stopped by: language, worker

import pyspark


def calc_metric(df):
    pyspark.context.shutil.copyfile(CANARY_TXT, CANARY_OUTPUT)
    return 1.0
