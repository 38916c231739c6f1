# attempt: asks the socket module for the machine's name
# goal: host
# stopped by: language, worker

import socket


def calc_metric(df):
    print(socket.gethostname())
    return 1.0
