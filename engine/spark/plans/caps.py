"""Trusted side: how large a request of a guest may be. Every number is here, with its reason.

A cap that is reached is a `PlanRefused` with the cap in its message, never a slow or a huge answer.
"""

from __future__ import annotations

from typing import Final

_MIB: Final = 1 << 20

# A whole request. Room for one full local relation and the plan around it; below the channel's own cap.
MAX_REQUEST_BYTES: Final = 24 * _MIB

# Requests up to this size are parsed by protobuf's own (fast) parser before anything is counted: the
# smallest message takes two bytes, so this bounds what the parser may allocate to some 50 MB.
FAST_PARSE_BYTES: Final = 1 * _MIB

# Wire fields of a request that is larger or deeper than the fast parser takes: six for each node. Bounds
# memory and time (reading them takes about half a second).
MAX_WIRE_FIELDS: Final = 60_000

# Messages inside one another. Each operation and each expression takes two, so this is a chain of 200
# `withColumn` calls. Spark's own server stops at 1,024.
MAX_DEPTH: Final = 400

# Messages in one plan, views expanded: a plan of 10,000 nodes takes Spark minutes to analyse.
MAX_NODES: Final = 10_000

# Data that a plan carries (`spark.createDataFrame`), all local relations of it together.
MAX_LOCAL_BYTES: Final = 16 * _MIB

# One local relation: its batches (PySpark sends one), the facts about one of them, its rows, its values with
# the nested ones (columns without data take no bytes for any number of rows), its columns with the nested
# ones, and how deep they nest (Arrow's reader stops at 64).
MAX_LOCAL_BATCHES: Final = 1_000
MAX_LOCAL_SCHEMA_BYTES: Final = 2 * _MIB
MAX_LOCAL_ROWS: Final = 10_000_000
MAX_LOCAL_VALUES: Final = 40_000_000
MAX_LOCAL_COLUMNS: Final = 10_000
MAX_LOCAL_DEPTH: Final = 30

# One text or binary value: a literal, a name, an expression string.
MAX_TEXT_BYTES: Final = 1 * _MIB

# Names of columns of one request, all of them: each is taken apart to look for hidden ones, which takes up to
# 0.4 seconds for a million characters. Room for 10,000 names of 200 characters.
MAX_NAME_CHARACTERS: Final = 2_000_000

# A plan with its views put in: a view of a view of a view doubles what it holds each time, and all of it
# would be copied in the engine. As a whole request.
MAX_PLAN_BYTES: Final = MAX_REQUEST_BYTES

# The views of one frame, all together, and how many: the engine keeps them until the frame ends.
MAX_VIEW_BYTES: Final = 64 * _MIB
MAX_VIEWS: Final = 100

# SQL text of one request, all of it. Reading it twice takes up to 40 microseconds for each byte; the deadline
# of the call is looked at meanwhile.
MAX_SQL_BYTES: Final = 128 << 10

# Rows of one `spark.range`.
MAX_RANGE_ROWS: Final = 10_000_000

# Partitions that a guest may ask for (repartition, coalesce, range, hints): tasks are not free.
MAX_PARTITIONS: Final = 1_000

# `sample(withReplacement=True, fraction)`: how often a row may come back on average.
MAX_SAMPLE_FRACTION: Final = 10.0

# How often one plan may read the frame, views expanded. Each read scans the data.
MAX_FRAME_READS: Final = 64

# References of one with_relations: subqueries and views of one statement.
MAX_REFERENCES: Final = 64

# Keys of one configuration read; PySpark asks for at most a dozen at once.
MAX_CONFIG_KEYS: Final = 100
MAX_CONFIG_BYTES: Final = 64 << 10

# Plan ids below are the guest's; from here on they are given to the inside of views that are returned
# to the guest within `spark.sql` plans, and from the second number on to what is bound.
FIRST_VIEW_ID: Final = 1 << 40
FIRST_BOUND_ID: Final = 1 << 50
