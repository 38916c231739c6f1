"""A metric that fetches two columns of each of 157 frames and computes with numpy."""

from __future__ import annotations

from functools import partial

from benchmarks.command import benchmark
from benchmarks.data import events
from benchmarks.fan_out import FUSED, UNFUSED, run_ways
from benchmarks.fanned import difference
from benchmarks.metrics import FETCH
from benchmarks.servers import running
from benchmarks.show import DIRECT, OURS, Bar, Row, against, draw_bars, seconds, show_table
from benchmarks.timing import by_turns

_AIMS = {"spark": "8 times faster"}


@benchmark("fetch", rows=5_000_000)
def fetch(backends: tuple[str, ...], rows: int) -> None:
    """toPandas of two columns in each of 157 frames; the full data is one of them."""
    path = events(rows)
    table: list[Row] = []
    bars: list[Bar] = []
    for backend in backends:
        with running(backend, path) as (engine, _):
            timed = by_turns(run_ways(engine, FETCH, path, times=3))
        fused, direct = timed[FUSED], timed[UNFUSED]
        ratio = against(fused.seconds, direct.seconds)
        apart = f"{difference(fused.answer, direct.answer):.0e}"
        table += [
            (f"{backend}: {FUSED}", seconds(fused.seconds), "", "", ""),
            (f"{backend}: {UNFUSED}", seconds(direct.seconds), ratio, _AIMS.get(backend, ""), apart),
        ]
        name = partial("{}: {}".format, backend)
        bars += [(name(FUSED), fused.seconds, OURS), (name(UNFUSED), direct.seconds, DIRECT)]
    title = f"{rows:,} rows, 157 frames, toPandas of two columns in each"
    show_table(title, ("what", "seconds", "fused against it", "aim", "largest difference"), table)
    draw_bars("fetch", title, bars)
