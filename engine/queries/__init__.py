"""Trusted side: what workers ask in each query language, and one query for many frames.

`language` is the port that the gateway answers over; `spark` and `snowflake` implement it. How many frames
are answered at once is decided by the languages' `fusion`, asked and kept here.

`spark.sharing.Sharing` and `snowflake.SqlSharing` are one per opened dataset. They find the frames, and
answer the questions of their calls from few queries; what both need of that lies beside them. Thread-safe:
calls of several frames, and of several runs, ask at the same time.
"""
