"""How time grows with the segments of one group: 10, 100 and 1,000, all of them over the same rows."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.command import benchmark
from benchmarks.data import events
from benchmarks.fanned import number
from benchmarks.metrics import AGGREGATE
from benchmarks.servers import AMPLE, running
from benchmarks.show import COLOURS, Line, Row, draw_lines, seconds, show_table
from benchmarks.timing import Timed, Way, by_turns
from engine import Dataset, Engine, SegmentGroup

# Column by how many values it has.
_COLUMNS = {10: "region", 100: "city", 1_000: "shop"}
# A query for each of more segments than these takes minutes, and shows nothing new.
_UNFUSED = (10, 100)


@benchmark("growth", rows=5_000_000)
def growth(backends: tuple[str, ...], rows: int) -> None:
    """One group of 10, 100 and 1,000 segments."""
    path = events(rows)
    table: list[Row] = []
    lines: list[Line] = []
    for backend, colour in zip(backends, COLOURS, strict=False):
        with running(backend, path) as (engine, _):
            timed = by_turns(_ways(engine, path))
        table += [_row(backend, name, timed) for name in timed]
        lines += _lines(backend, colour, timed)
    title = f"{rows:,} rows, one group of segments"
    show_table(title, ("what", "seconds", "against 10 segments", "aim"), table)
    draw_lines("growth", title, ("segments", "seconds"), lines)


def _ways(engine: Engine, path: Path) -> list[Way]:
    fused = [Way(_name(n, fuse=True), partial(_evaluate, engine, path, n, fuse=True)) for n in _COLUMNS]
    direct = [
        Way(_name(n, fuse=False), partial(_evaluate, engine, path, n, fuse=False), times=1, warm=0)
        for n in _UNFUSED
    ]
    return [*fused, *direct]


def _evaluate(engine: Engine, path: Path, segments: int, *, fuse: bool) -> list[float]:
    group = SegmentGroup.by_value(_COLUMNS[segments], top=segments)
    run = engine.evaluate(AGGREGATE, Dataset(path), segments=[group], limits=AMPLE, fuse=fuse)
    return [number(result) for result in run.results]


def _name(segments: int, *, fuse: bool) -> str:
    return f"{'fused' if fuse else 'fuse=False'}, {segments:,} segments"


def _row(backend: str, name: str, timed: dict[str, Timed]) -> Row:
    first = timed[f"{name.partition(',')[0]}, 10 segments"]
    ratio = timed[name].seconds / first.seconds
    aim = "3 x" if name == _name(1_000, fuse=True) else ""
    return f"{backend}: {name}", seconds(timed[name].seconds), f"{ratio:.2f} x", aim


def _lines(backend: str, colour: str, timed: dict[str, Timed]) -> list[Line]:
    points = {
        fuse: [(n, timed[_name(n, fuse=fuse)].seconds) for n in counts]
        for fuse, counts in ((True, tuple(_COLUMNS)), (False, _UNFUSED))
    }
    return [
        (f"{backend}, fused", colour, "-", points[True]),
        (f"{backend}, fuse=False", colour, "--", points[False]),
    ]
