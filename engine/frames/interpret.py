"""From the answers of the count queries to the frames of a run. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from engine.errors import DataError
from engine.frames.assemble import assemble
from engine.frames.axes import Axis, GroupAxes, KeyedAxis
from engine.frames.frameset import FrameSet, Members
from engine.frames.group_counts import GroupCounts, term_places
from engine.frames.plan import FramePlan
from engine.wording import joined, worded


def interpret_counts(plan: FramePlan, tables: Sequence[pa.Table], given: Sequence[Members] = ()) -> FrameSet:
    """Build the frames.

    Args:
        plan: from `plan_frames`.
        tables: what the plan's `count_queries` gave, in their order.
        given: as of `assemble`.

    Raises:
        DataError: more frames than a run may have, or a value that Python cannot hold.
    """
    groups = plan.groups or (GroupAxes("", ()),)
    all_counts = [_read(group, table) for group, table in zip(groups, tables, strict=True)]
    return assemble(plan, all_counts[0].total, all_counts if plan.groups else [], given)


def _read(group: GroupAxes, table: pa.Table) -> GroupCounts:
    """Add up one answer."""
    counts = GroupCounts()
    keyed = [i for i, axis in enumerate(group.axes) if isinstance(axis, KeyedAxis)]
    pairs = term_places(group)
    for row in _rows(table):
        window = int(row.get("w") or 0)
        counts.total[window] += row["n"]
        places = {i: int(row[f"p{i}"]) for i in keyed}
        for i in keyed:
            _note_value(counts, group.axes[i], i, places[i], row)
        if not all(places.values()):
            continue
        counts.covered += (row["c"] or 0) if pairs else row["n"]  # a sum over no rows is null
        if not pairs:
            counts.cells[tuple(places.values()), window] += row["n"]
        for number, terms in enumerate(pairs):
            at = {**places, **terms}
            counts.cells[tuple(at[i] for i in range(len(group.axes))), window] += row[f"t{number}"] or 0
    return counts


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = table.to_pylist()
    except (ValueError, OverflowError) as error:
        raise unheld_value(error) from None
    return rows


def unheld_value(error: Exception) -> DataError:
    """What to raise when Python cannot hold a found value."""
    wrong = f"the data has a value that cannot be a segment: {error}"
    return DataError(joined([wrong, worded("{as_condition}")], "; "))


def _note_value(counts: GroupCounts, axis: Axis, i: int, place: int, row: dict[str, Any]) -> None:
    """Keep a found value, or the number of values that got no place."""
    if not isinstance(axis, KeyedAxis) or axis.field is None:
        return
    if place == 0:
        counts.others[i] = max(counts.others.get(i, 0), row[f"m{i}"] - axis.top)
    elif axis.members is None and place not in counts.found.setdefault(i, {}):
        counts.found[i][place] = axis.member(row[f"k{i}"])
