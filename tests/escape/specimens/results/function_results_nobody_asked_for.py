# attempt: sends results of functions that nobody has asked for
# goal: run
# stopped by: engine

import os
import struct


def calc_metric(df):
    for kind, body in ((22, b""), (23, b"\xff\xff\xff\xff" * 10), (24, b""), (25, b"")):
        for number in range(3, 64):
            try:
                os.write(number, struct.pack(">IB", len(body), kind) + body)
            except OSError:
                continue
    return 1.0
