"""Trusted side: what frames of a dataset share. Decided by `engine.spark.fusion`, asked and kept here.

`Sharing` is one per opened dataset. It finds the frames, and answers the questions (plans) of their calls
from few queries. Thread-safe: calls of several frames, and of several runs, ask at the same time.
"""
