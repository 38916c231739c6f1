# attempt: a function asks the engine while it is applied, over the raw channel
# goal: run
# stopped by: engine

import os
import struct

from pyspark.sql import functions as F


def asks(n):
    for number in range(3, 64):
        try:
            os.write(number, struct.pack(">IB", 5, 17) + b"\x01abcd")
        except OSError:
            continue
    return 1


def calc_metric(df):
    return float(df.limit(1).select(F.udf(asks, "int")("n")).first()[0])
