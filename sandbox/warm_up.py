"""A first run of everything that a worker does, in the zygote, on a source of our own.

Python fills caches, builds tables and imports late modules the first time that code runs. Done once here,
each forked worker has it for free. It starts no thread, and asks for no data: the client talks to a peer that
answers with an empty stream.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any, Final

import pyarrow as pa

from sandbox.client.transport import Transport
from sandbox.contract.framing import BATCH_HEADER, ENGINE_CAPS, HEADER, Channel, Kind
from sandbox.contract.messages import ColumnType, Described, Frames, encode
from sandbox.language import compile_source, load

_SPARK: Final = b"""
import math
import numpy as np
import pandas as pd
from pyspark.sql import Window, functions as F


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

_SNOWPARK: Final = b"""
import math
import numpy as np
import pandas as pd
from snowflake.snowpark import Window, functions as F


def calc_metric(df):
    ranked = df.with_column("r", F.row_number().over(Window.partition_by("a").order_by(F.col("b").desc())))
    kept = ranked.filter((F.col("a") > 1) & F.col("b").is_not_null()).group_by("a").agg(F.avg("b").alias("m"))
    numbers = {name: [float(i) for i in range(3)] for name in ("x", "y")}
    print(f"{np.mean(numbers['x']):.2f}", "{}".format(pd.Series(numbers["y"]).mean()), math.sqrt(2.0))
    return kept.order_by(F.col("m").desc()).limit(1).collect()
"""


def warm_up(client: Any, frames: Frames) -> None:
    """Compile, load and call a small metric.

    Args:
        client: the module that opens sessions and frames.
        frames: whose they are.
    """
    source, replies = _PIECES[frames]
    program = compile_source(source, source_bytes=len(source))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        # What its requests will be answered with; the requests themselves stay unread.
        ours.sendall(replies())
        transport = Transport(Channel(theirs, ENGINE_CAPS))
        calc_metric = load(program, sink=transport.write_printed)
        try:
            calc_metric(client.open_frame(client.open_session(transport)))
        except AssertionError:
            return  # PySpark expects at least a schema
        if frames == "pyspark":
            raise RuntimeError("the warm-up got an answer that nobody gave")


def _end_at_once() -> bytes:
    return HEADER.pack(0, Kind.REPLY_END)


def _snowpark_replies() -> bytes:
    """The columns of the frame, then the answer."""
    frame = Described((ColumnType("A", "FIXED", 38), ColumnType("B", "REAL")))
    rows = pa.table({"A": pa.array([1], pa.int64()), "M": pa.array([1.0])})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    answer = Described((ColumnType("A", "FIXED", 38), ColumnType("M", "REAL")))
    batch = BATCH_HEADER.pack(rows.num_rows, 0) + sink.getvalue().to_pybytes()
    frames = (
        (Kind.REPLY, encode(frame)),
        (Kind.REPLY_END, b""),
        (Kind.REPLY, encode(answer)),
        (Kind.BATCH, batch),
        (Kind.REPLY_END, b""),
    )
    return b"".join(HEADER.pack(len(payload), kind) + payload for kind, payload in frames)


# What is run, and the answers that it gets.
_PIECES: Final[Mapping[Frames, tuple[bytes, Callable[[], bytes]]]] = {
    "pyspark": (_SPARK, _end_at_once),
    "snowpark": (_SNOWPARK, _snowpark_replies),
}
