"""Global aggregates of many frames from one query: merge states of the finest cells, rolled up. Pure.

Where every aggregate is distributive or algebraic (Gray et al., "Data cube", 1997), the rows are grouped
once by the keys of all frames together; each cell yields counts, sums, extremes and moments, and a frame's
answer is merged from those of its cells (Chan, Golub and LeVeque 1983; Pébay 2008).
"""

from __future__ import annotations

from engine.spark.fusion.cells.guard import guardable, row_condition, states_under
from engine.spark.fusion.cells.plan import CellsPlan, Rolled, plan_cells

__all__ = ["CellsPlan", "Rolled", "guardable", "plan_cells", "row_condition", "states_under"]
