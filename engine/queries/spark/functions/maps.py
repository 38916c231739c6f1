"""Functions of whole DataFrames and of groups: applied, and tried with rows in another order."""

from __future__ import annotations

import pyarrow as pa

from engine.errors import PlanRefused
from engine.queries.calls import FunctionRaised
from engine.queries.spark.functions.memory import InMemory
from engine.spark.functions import (
    FunctionMap,
    GivenFrame,
    Lying,
    check_keys,
    grouped,
    read_frames,
    same_rows,
    some_groups,
    turned,
    whole,
)
from engine.spark.plans.stream_shape import TooManyBatches
from sandbox.contract.framing import ChannelGarbage
from sandbox.contract.messages import Applied, Evaluate


def mapped(memory: InMemory, parts: FunctionMap, sides: list[GivenFrame]) -> tuple[pa.ChunkedArray, ...]:
    """What a function gives for DataFrames, or for their groups.

    Args:
        memory: has it applied.
        parts: the function.
        sides: the DataFrames that it sees.

    Raises:
        PlanRefused: it gives too much, or something else for rows of a group in another order, or rows where
            Spark may not ask it.
        FunctionRaised, ChannelGarbage: as of `Evaluating`.
    """
    check_keys(sides)
    columns = _mapped(memory, parts, sides)
    if parts.grouped:
        _check_order(memory, parts, sides)
    nobody = len(columns[0]) and not any(side.table.num_rows for side in sides)
    if nobody and not parts.sides[0].surely_read():
        raise PlanRefused(
            "udf-refused",
            "a function of the metric gives rows for a DataFrame without any, where Spark may not ask it",
            "let it yield for batches alone, or call it over filtered rows of the frame itself",
        )
    return columns


def _check_order(memory: InMemory, parts: FunctionMap, sides: list[GivenFrame]) -> None:
    """Try a function of groups on a few of them, in two orders of their rows."""
    for some in some_groups(sides):
        one = _tried(memory, parts, some)
        if one is None:  # one that takes no part of a large group is not tried with it
            continue
        other = _tried(memory, parts, turned(some))
        if other is None or not same_rows(one, other):
            raise PlanRefused(
                "udf-refused",
                "a function of groups is refused: what it gives depends on the order of the rows in a "
                "group, which Spark leaves open",
                "let it sort its rows first, as in frame.sort_values([...]), by columns that tell them apart",
            )


def _tried(
    memory: InMemory, parts: FunctionMap, sides: list[GivenFrame]
) -> tuple[pa.ChunkedArray, ...] | None:
    """What a function gives for a few rows; None if it raises."""
    try:
        return _mapped(memory, parts, sides, again=True)
    except FunctionRaised:
        return None


def _mapped(
    memory: InMemory, parts: FunctionMap, sides: list[GivenFrame], *, again: bool = False
) -> tuple[pa.ChunkedArray, ...]:
    if parts.grouped and not any(side.table.num_rows for side in sides):
        return read_frames(b"", parts.output).columns  # there are no groups
    if parts.grouped:
        pieces = grouped(sides, in_structs=parts.in_structs)
        offsets = tuple(place for side in sides for place in side.offsets())
    else:
        pieces, offsets = whole(sides[0]), (0,)
    request = Evaluate(parts.kind, (Applied((parts.token,), offsets),), "")
    data = memory.given(request, pieces, again=again)
    try:
        return read_frames(data, parts.output).columns
    except TooManyBatches:
        raise PlanRefused(
            "plan-too-large",
            "a function of the metric gives its rows in too many pieces",
            "yield fewer and larger DataFrames, or make larger groups",
        ) from None
    except Lying as lie:
        raise ChannelGarbage(f"results of functions: {lie}") from None
