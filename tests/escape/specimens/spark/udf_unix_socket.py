# attempt: applies a function that speaks to a Unix socket
# goal: network
# stopped by: language, worker

from pyspark.sql import functions as F


def speak(n):
    import socket

    socket.socket(socket.AF_UNIX).connect(CANARY_SOCKET)
    return 1


def calc_metric(df):
    return float(df.limit(1).select(F.udf(speak, "int")("n")).first()[0])
