# attempt: sends a byte out of band on its channel, which the kernel handles by code of its own
# goal: kernel
# stopped by: language, worker

import os
import socket


def calc_metric(df):
    for number in range(3, 64):
        try:
            channel = socket.socket(fileno=os.dup(number))
        except OSError:
            continue
        channel.send(b"!", socket.MSG_OOB)
        return 1.0
    raise ValueError("no channel")
