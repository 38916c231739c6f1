# attempt: registers a function for the end of the process
# goal: write
# stopped by: language, worker

import pyspark


def calc_metric(df):
    pyspark.profiler.atexit.register(pyspark.accumulators.os.mkdir, CANARY_OUTPUT)
    pyspark.profiler.atexit._run_exitfuncs()
    return 1.0
