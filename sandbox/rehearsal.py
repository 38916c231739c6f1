"""A first run of everything that a worker does, in the zygote, on a source of our own.

Python fills caches, builds tables and imports late modules the first time that code runs. Done once here,
each forked worker has it for free. It starts no thread, and asks for no data: the client talks to a peer that
answers with an empty stream.
"""

from __future__ import annotations

import socket
from typing import Final

from sandbox.client.session import open_frame, open_session
from sandbox.client.transport import Transport
from sandbox.contract.framing import ENGINE_CAPS, HEADER, Channel, Kind
from sandbox.language import compile_source, load

_SOURCE: Final = b"""
import math
import numpy as np
import pandas as pd
from pyspark.sql import Window, functions as F
from scipy import stats
from statsmodels.stats.proportion import proportion_confint


class Pair:
    def __init__(self, first, second):
        self.first, self.second = first, second


def calc_metric(df):
    ranked = df.withColumn("r", F.row_number().over(Window.partitionBy("a").orderBy(F.col("b").desc())))
    kept = ranked.filter((F.col("a") > 1) & F.col("b").isNotNull()).groupBy("a").agg(F.avg("b").alias("m"))
    numbers = {name: [float(i) for i in range(3)] for name in ("x", "y")}
    numbers["x"][0] += 1
    pair = Pair(np.mean(numbers["x"]), pd.Series(numbers["y"]).mean())
    print(f"{pair.first:.2f}", "{}".format(pair.second), math.sqrt(2.0))
    return kept.orderBy(F.desc("m")).limit(1).collect()
"""


def rehearse() -> None:
    """Compile, load and call a small metric."""
    program = compile_source(_SOURCE, source_bytes=len(_SOURCE))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        # What the one request will be answered with; the request itself stays unread.
        ours.sendall(HEADER.pack(0, Kind.REPLY_END))
        transport = Transport(Channel(theirs, ENGINE_CAPS))
        calc_metric = load(program, sink=transport.write_printed)
        try:
            calc_metric(open_frame(open_session(transport)))
        except AssertionError:
            return  # PySpark expects at least a schema
        raise RuntimeError("the rehearsal got an answer that nobody gave")
