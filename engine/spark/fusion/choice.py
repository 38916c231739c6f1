"""How a plan is answered for many frames: a small planner. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import pyspark.sql.connect.proto as pb

from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.cells import CellsPlan, plan_cells
from engine.spark.fusion.chain import Chain, parse_chain
from engine.spark.fusion.expression_traits import inspect
from engine.spark.fusion.group_keys import RULES, is_row_wise

How: TypeAlias = Literal["cells", "rows", "families", "frame"]
# Up to so many cells are rolled up however few rows there are.
_FEW_CELLS: Final = 20_000
_ROWS_PER_CELL: Final = 10


@dataclass(frozen=True, slots=True)
class Choice:
    """How one plan is answered.

    Attributes:
        how: the cheapest way that may do; a way that turns out impossible is followed by the next one.
        reason: why each frame asks for itself; "" if not.
        chain: the plan, taken apart; None if it cannot be.
        cells: how cells answer it, for "cells".
    """

    how: How
    reason: str = ""
    chain: Chain | None = None
    cells: CellsPlan | None = None


def choose(relation: pb.Relation, *, spark: bool, schema: pb.DataType) -> Choice:
    """Choose how a plan is answered.

    Args:
        relation: rebuilt, with its views expanded.
        spark: whether the backend is Spark itself. Nobody knows what another server computes otherwise for
            groups of rows than for all rows.
        schema: of the frame.
    """
    if not spark:
        return Choice("frame", "the server does not say that it is Apache Spark")
    try:
        chain = parse_chain(relation)
        unruly = [kind for step in chain.steps if (kind := str(step.WhichOneof("rel_type"))) not in RULES]
        if unruly:
            raise NotFusable(f"a relation of the kind {unruly[0].replace('_', ' ')}")
        traits = inspect(*chain.steps)
        if traits.random or traits.foreign:
            raise NotFusable(
                "a function whose value changes from run to run" if traits.random else "a subquery"
            )
    except NotFusable as refusal:
        return Choice("frame", refusal.reason)
    try:
        return Choice("cells", "", chain, plan_cells(chain, schema=schema))
    except NotFusable:
        return Choice("rows" if is_row_wise(chain) else "families", "", chain)


def cells_pay(cells: int | None, rows: int) -> bool:
    """Whether rolling up so many cells is cheaper than asking for each family of frames.

    Args:
        cells: those that have rows; None if they are too many to be fetched.
        rows: all rows.
    """
    return cells is not None and cells <= max(_FEW_CELLS, rows // _ROWS_PER_CELL)
