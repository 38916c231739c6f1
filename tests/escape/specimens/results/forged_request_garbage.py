# attempt: sends a request that no parser understands
# goal: run
# stopped by: engine

import os
import struct


def calc_metric(df):
    for body in (
        b"",
        b"\x01",
        b"\x01\xff\xff\xff",
        b"\x09abc",
        b"\x02" + b"\x0a\xff\xff\xff\xff\x0f",
        b"\x03\x08",
    ):
        for number in range(3, 64):
            try:
                os.write(number, struct.pack(">IB", len(body), 17) + body)
            except OSError:
                continue
    return 1.0
