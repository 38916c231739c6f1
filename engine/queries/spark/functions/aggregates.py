"""Functions of the author that aggregate: applied to groups, and tried with their rows in another order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from engine.errors import PlanRefused
from engine.queries.calls import FunctionRaised
from engine.queries.spark.functions.evaluation import check_exact
from engine.queries.spark.functions.memory import InMemory
from engine.spark.functions import (
    BATCH_ROWS,
    Groups,
    Lying,
    Split,
    group_streams,
    is_inexact,
    read_results,
    result_type,
    same,
)
from engine.spark.plans.expressions import ITERATOR_KINDS
from sandbox.contract.framing import ChannelGarbage
from sandbox.contract.messages import Evaluate

# Rows with which a function that aggregates is tried in another order.
_MOST_AGAIN: Final = 100_000
# Sums of rows in another order differ in their last digits, in Spark, too.
_NEAR: Final = 1e-9


def aggregated(
    memory: InMemory, request: Evaluate, parts: Split, arguments: pa.Table, groups: Groups
) -> tuple[pa.ChunkedArray, ...]:
    """What functions give for groups.

    Args:
        memory: has them applied.
        request: which functions.
        parts: the same, with the types of what they give.
        arguments: what they see.
        groups: of its rows.

    Raises:
        PlanRefused: they give something else for rows in another order, or in other batches.
        FunctionRaised, ChannelGarbage: as of `Evaluating`.
    """
    if not len(groups):
        return tuple(pa.chunked_array([], result_type(one)) for one in parts.types)
    check_exact(parts, inexact=is_inexact(arguments))
    pieces = group_streams(arguments, groups, batch_rows=BATCH_ROWS)
    results = _results(memory, request, parts, pieces, len(groups))
    if int(np.diff(groups.ends).max()) < 2:
        return results
    tried, first = groups.some(_MOST_AGAIN), results
    if tried is not groups:
        pieces = group_streams(arguments, tried, batch_rows=BATCH_ROWS)
        some = _again(memory, request, parts, pieces, len(tried))
        # One that takes no part of a group gets all of them again.
        tried, first = (groups, results) if some is None else (tried, some)
    largest = int(np.diff(tried.ends).max())
    half = min(BATCH_ROWS, (largest + 1) // 2) if parts.kind in ITERATOR_KINDS else BATCH_ROWS
    pieces = group_streams(arguments, tried.reversed(), batch_rows=half)
    again = _again(memory, request, parts, pieces, len(tried))
    if again is None or not same(first, again, near=_NEAR):
        raise PlanRefused(
            "udf-refused",
            "a function that aggregates is refused: what it gives depends on the order of rows, or on "
            "how they are cut into batches, which are Spark's to choose",
            "sort the values inside of the function, or by a column that is given to it as well",
        )
    return results


def _again(
    memory: InMemory, request: Evaluate, parts: Split, pieces: Iterator[bytes], rows: int
) -> tuple[pa.ChunkedArray, ...] | None:
    """What functions give for the same once more; None if one raised."""
    try:
        return _results(memory, request, parts, pieces, rows, again=True)
    except FunctionRaised:
        return None


def _results(
    memory: InMemory,
    request: Evaluate,
    parts: Split,
    pieces: Iterator[bytes],
    rows: int,
    *,
    again: bool = False,
) -> tuple[pa.ChunkedArray, ...]:
    data = memory.given(request, pieces, again=again)
    try:
        return read_results(data, parts.types, rows).columns
    except Lying as lie:
        raise ChannelGarbage(f"results of functions: {lie}") from None
