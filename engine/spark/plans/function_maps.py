"""Trusted side: relations that a function of the author makes of whole DataFrames or of their groups."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, TypeAlias

import pyspark.sql.connect.proto as pb

from engine.errors import PlanRefused
from engine.spark.plans.rules import WALK, Drop, Fields, MessageCheck, Place, Refuse, unused

FunctionMap: TypeAlias = pb.MapPartitions | pb.GroupMap | pb.CoGroupMap

# The relations, by name, with PySpark's numbers of how functions are applied in them
# (`pyspark.util.PythonEvalType`): first those of pandas, then those of Arrow.
MAP_KINDS: Final = MappingProxyType(
    {
        "map_partitions": frozenset({205, 207}),  # mapInPandas, mapInArrow
        "group_map": frozenset({201, 216, 209, 215}),  # applyInPandas, applyInArrow; of groups or of batches
        "co_group_map": frozenset({206, 210}),  # cogroup().applyInPandas, applyInArrow
    }
)
ALL_MAP_KINDS: Final = frozenset().union(*MAP_KINDS.values())

_STATE: Final = Refuse(
    "a function with state (applyInPandasWithState, transformWithState)",
    "only streams keep state, and a metric computes over data that stands still",
    "use groupBy(...).applyInPandas(...)",
    "udf-refused",
)

FUNCTION_MAPS: Fields = {
    "MapPartitions": {
        "input": WALK,
        "func": WALK,
        "is_barrier": Drop("one function gets all rows, and has nobody to wait for"),
        "profile_id": Refuse(
            "a resource profile", "the engine decides what a function may use", "leave profile out"
        ),
    },
    "GroupMap": {
        "input": WALK,
        "grouping_expressions": WALK,
        "func": WALK,
        "sorting_expressions": unused("a grouped function with an order"),
        "initial_input": _STATE,
        "initial_grouping_expressions": _STATE,
        "is_map_groups_with_state": _STATE,
        "output_mode": _STATE,
        "timeout_conf": _STATE,
        "state_schema": _STATE,
        "transform_with_state_info": _STATE,
    },
    "CoGroupMap": {
        "input": WALK,
        "input_grouping_expressions": WALK,
        "other": WALK,
        "other_grouping_expressions": WALK,
        "func": WALK,
        "input_sorting_expressions": unused("a grouped function with an order"),
        "other_sorting_expressions": unused("a grouped function with an order"),
    },
}


def _check(message: FunctionMap, name: str) -> None:
    if message.func.python_udf.eval_type not in MAP_KINDS[name]:
        raise PlanRefused(
            "udf-refused",
            "a function of the metric is refused: it is not applied in this way here",
            "use mapInPandas, mapInArrow, or groupBy(...) or cogroup(...) with applyInPandas or applyInArrow",
        )
    if not message.func.deterministic:
        raise PlanRefused(
            "udf-refused",
            "a function of DataFrames that is nondeterministic is refused",
            "leave that out",
        )
    complete = message.HasField("input")
    if isinstance(message, pb.CoGroupMap):
        complete = complete and message.HasField("other")
    if not complete:
        raise PlanRefused("plan-garbage", "a function over no DataFrame is not a request of PySpark 4.2", "")


def _check_map(message: pb.MapPartitions, _place: Place) -> None:
    _check(message, "map_partitions")


def _check_groups(message: pb.GroupMap, _place: Place) -> None:
    _check(message, "group_map")


def _check_pairs(message: pb.CoGroupMap, _place: Place) -> None:
    _check(message, "co_group_map")


FUNCTION_MAP_CHECKS: dict[str, MessageCheck] = {
    "MapPartitions": _check_map,
    "GroupMap": _check_groups,
    "CoGroupMap": _check_pairs,
}
