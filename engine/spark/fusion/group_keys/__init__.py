"""One plan over the rows of many frames, whose answer is split by key columns into each frame's own.

`add_group_keys` rewrites a chain step by step; there is one rule for each kind of relation (`rules.py`). A
frame that has no row in the answer gets the plan's answer on an empty frame: every rule keeps that true. The
backend may still refuse the plan, or fail on a row of one frame: then each frame asks for itself.
"""

from engine.spark.fusion.group_keys.base import key_names, keyed_base
from engine.spark.fusion.group_keys.rules import RULES, KeyedPlan, add_group_keys
from engine.spark.fusion.group_keys.shape import is_row_wise

__all__ = [
    "RULES",
    "KeyedPlan",
    "add_group_keys",
    "is_row_wise",
    "key_names",
    "keyed_base",
]
