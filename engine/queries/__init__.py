"""Trusted side: one query for many frames. Decided by the languages' `fusion`, asked and kept here.

`spark.sharing.Sharing` and `snowflake.SqlSharing` are one per opened dataset. They find the frames, and
answer the questions of their calls from few queries; what both need of that lies beside them. Thread-safe:
calls of several frames, and of several runs, ask at the same time.
"""
