# attempt: connects by the socket module of pyspark.util
# goal: network
# stopped by: language, worker

import pyspark


def calc_metric(df):
    pyspark.util.socket.create_connection(("127.0.0.1", CANARY_PORT), timeout=1)
    return 1.0
