# attempt: applies a function that connects
# goal: network
# stopped by: language, worker

from pyspark.sql import functions as F


def connect(n):
    import socket

    socket.create_connection(("127.0.0.1", CANARY_PORT), timeout=1)
    return 1


def calc_metric(df):
    return float(df.limit(1).select(F.udf(connect, "int")("n")).first()[0])
