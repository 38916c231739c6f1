# attempt: sends a signal by the module of pyspark.context
# goal: process
# stopped by: language, worker

import pyspark


def calc_metric(df):
    pyspark.context.signal.pidfd_send_signal(pyspark.accumulators.os.pidfd_open(CANARY_PID), 19)
    return 1.0
