# attempt: sends a message of a kind that there is not
# goal: run
# stopped by: engine

import os
import struct


def calc_metric(df):
    for number in range(3, 64):
        try:
            os.write(number, struct.pack(">IB", 3, 250) + b"abc")
        except OSError:
            continue
    return 1.0
