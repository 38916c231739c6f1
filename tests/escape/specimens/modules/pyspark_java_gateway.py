# attempt: starts the Java gateway's program
# goal: process
# stopped by: language, worker

import pyspark


def calc_metric(df):
    pyspark.java_gateway.Popen([CANARY_MARK, "30"], executable="/bin/sleep")
    return 1.0
