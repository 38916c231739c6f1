"""Windows: rows are parted by the keys as well, so that each frame's rows see only each other. Pure.

Only what does not depend on the order of equal rows is carried.
"""

from __future__ import annotations

from typing import Final

import pyspark.sql.connect.proto as pb

from engine.frames.build import column
from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.group_keys.content import check_content, check_sketches
from engine.spark.plans.trees import Call
from engine.spark.text.functions import classify

# Give equal rows equal values.
RANKS: Final = frozenset({"rank", "dense_rank", "percent_rank", "cume_dist"})


def part_by_keys(window: pb.Expression.Window, keys: tuple[str, ...]) -> None:
    """Add the keys to a window's partition, in place.

    Args:
        window: in a plan of the author's.
        keys: names of the key columns.

    Raises:
        NotFusable: it depends on the order of equal rows, or is in SQL text.
    """
    function = window.window_function
    match function.WhichOneof("expr_type"):
        case "unresolved_function":
            call: Call = function.unresolved_function
        case "call_function":
            call = function.call_function
        case "expression_string":
            raise NotFusable("a window in SQL text")
        case _:
            raise NotFusable("a window over something other than a function")
    check_content(*call.arguments, *window.partition_spec, *window.order_spec, window.frame_spec)
    name = call.function_name.lower()
    rule = classify(name)
    if name not in RANKS:
        if rule.kind != "aggregate" or rule.order_sensitive or not rule.deterministic:
            raise NotFusable(f"{name} over a window, which depends on the order of equal rows")
        if not _takes_equals_together(window):
            raise NotFusable(f"{name} over a window of ROWS, which depends on the order of equal rows")
        check_sketches({name})
    for key in keys:
        window.partition_spec.add().CopyFrom(column(key))


def _takes_equals_together(window: pb.Expression.Window) -> bool:
    """Whether rows that are equal in the window's order are in or out together."""
    frame = window.frame_spec
    if frame.frame_type != pb.Expression.Window.WindowFrame.FRAME_TYPE_ROW:
        return True
    return bool(frame.lower.unbounded and frame.upper.unbounded)
