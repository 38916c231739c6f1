# attempt: connects to a Unix socket by its path
# goal: network
# stopped by: language, worker

import pyspark


def calc_metric(df):
    socket = pyspark.util.socket
    socket.socket(socket.AF_UNIX).connect(CANARY_SOCKET)
    return 1.0
