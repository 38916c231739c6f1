"""Running plans both ways, fused and frame by frame, and comparing what their authors see."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine import Dataset, Engine, Limits, Run, SegmentGroup

# Relative tolerance of floating aggregates: the order of summation differs between any two file splits.
_TOLERANCE = 1e-8
_BETWEEN = " ¦ "

_SOURCE = """\
from pyspark.sql import functions as F
from pyspark.sql import Window


def show(df, ordered):
    print(df.schema.simpleString())
    rows = ["{between}".join(repr(value) for value in row) for row in df.collect()]
    for row in rows if ordered else sorted(rows):
        print(row)


def calc_metric(df):
    failed = 0
{plans}
    return failed
"""
_PLAN = """\
    print("plan {number}")
    try:
        show({plan}, {ordered})
    except Exception as error:
        failed += 1
        print("failed with", type(error).__name__)
"""


@dataclass(frozen=True)
class Plan:
    """Python text of a plan over `df`; `ordered` if the order of its rows is part of the answer."""

    text: str
    ordered: bool = False


def source_of(plans: Sequence[Plan]) -> str:
    """A metric that prints the answers to plans, and gives the number of those that failed."""
    parts = [
        _PLAN.format(number=number, plan=plan.text, ordered=plan.ordered) for number, plan in enumerate(plans)
    ]
    return _SOURCE.format(plans="".join(parts), between=_BETWEEN)


def run_both(
    engine: Engine, plans: Sequence[Plan], data: Path, groups: Sequence[SegmentGroup], **options: Any
) -> tuple[Run, Run]:
    """The fused run and the other one."""
    dataset = Dataset(data, timestamp="t")
    limits = Limits(plans=1_000, printed_bytes=4 << 20)
    fused, apart = (
        engine.evaluate(source_of(plans), dataset, segments=groups, limits=limits, fuse=fuse, **options)
        for fuse in (True, False)
    )
    return fused, apart


def differences(plans: Sequence[Plan], fused: Run, apart: Run) -> list[str]:
    """What the two runs do not agree on, in words."""
    found = []
    if len(fused.results) != len(apart.results):
        return [f"{len(fused.results)} frames and {len(apart.results)}"]
    for one, other in zip(fused.results, apart.results, strict=True):
        if (one.frame, one.rows, one.status) != (other.frame, other.rows, other.status):
            found.append(f"{one.frame}: {one} and {other}")
        shown, expected = _by_plan(one.printed), _by_plan(other.printed)
        for number, plan in enumerate(plans):
            mine, theirs = shown.get(number, []), expected.get(number, [])
            if not _same(mine, theirs):
                both = f"  fused:\n{_text(mine)}\n  apart:\n{_text(theirs)}"
                found.append(f"{plan.text} on {one.frame.segment} {one.frame.window}\n{both}")
    return found


def write_rows(path: Path, table: pa.Table, row_groups: int = 2) -> Path:
    """Write a table as Parquet."""
    pq.write_table(table, path, row_group_size=max(1, table.num_rows // row_groups))
    return path


def _by_plan(printed: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    lines: list[str] = []
    for line in printed.split("\n"):
        if line.startswith("plan "):
            lines = found.setdefault(int(line.removeprefix("plan ")), [])
        else:
            lines.append(line)
    return found


def _same(mine: list[str], theirs: list[str]) -> bool:
    if mine == theirs:
        return True
    if len(mine) != len(theirs) or mine[:1] != theirs[:1]:
        return False
    return all(_same_row(a, b) for a, b in zip(mine, theirs, strict=True)) or _match(mine, theirs)


def _match(mine: list[str], theirs: list[str]) -> bool:
    """Whether rows are the same in some order: sorted as text, almost equal numbers may change places."""
    left = list(theirs)
    for row in mine:
        same = next((other for other in left if _same_row(row, other)), None)
        if same is None:
            return False
        left.remove(same)
    return True


def _same_row(a: str, b: str) -> bool:
    ours, theirs = a.split(_BETWEEN), b.split(_BETWEEN)
    return len(ours) == len(theirs) and all(map(_same_value, ours, theirs))


def _same_value(a: str, b: str) -> bool:
    if a == b:
        return True
    if not ("." in a or "e" in a) or not ("." in b or "e" in b):
        return False  # whole numbers, and nulls, exactly
    try:
        return math.isclose(float(a), float(b), rel_tol=_TOLERANCE, abs_tol=1e-12)
    except ValueError:
        return False


def _text(lines: list[str]) -> str:
    return textwrap.indent("\n".join(lines[:12]).replace(_BETWEEN, " | "), "    ")
