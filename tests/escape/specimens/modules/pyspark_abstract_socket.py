# attempt: connects to a Unix socket without a path
# goal: network
# stopped by: language, worker

import pyspark


def calc_metric(df):
    socket = pyspark.util.socket
    socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect("\0" + CANARY_ABSTRACT)
    return 1.0
