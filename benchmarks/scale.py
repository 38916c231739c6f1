"""How time and memory grow with the rows: 157 frames, fused."""

from __future__ import annotations

from pathlib import Path

import click

from benchmarks import machine
from benchmarks.command import backend_option
from benchmarks.data import events
from benchmarks.fan_out import evaluate
from benchmarks.fanned import values_of
from benchmarks.metrics import AGGREGATE
from benchmarks.servers import running
from benchmarks.show import COLOURS, Line, Row, draw_lines, seconds, show_table
from engine import Engine
from engine.models.run import Run

_ROWS = (1_000_000, 5_000_000, 20_000_000, 50_000_000)
_TIMES = 3
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@click.command("scale")
@backend_option
@click.option("--rows", "sizes", multiple=True, type=int, default=_ROWS, show_default=True, help="Rows.")
def scale(backends: tuple[str, ...], sizes: tuple[int, ...]) -> None:
    """1, 5, 20 and 50 million rows: time, and peak memory of the engine and its workers."""
    paths = {rows: events(rows) for rows in sizes}
    table: list[Row] = []
    lines: list[Line] = []
    for backend, colour in zip(backends, COLOURS, strict=False):
        points: list[tuple[float, float]] = []
        with running(backend, paths[sizes[0]]) as (engine, _):
            for rows, path in paths.items():
                row, taken = _measure(engine, path, rows)
                table.append((f"{backend}: {rows:,} rows", *row))
                points.append((rows, taken))
        lines.append((backend, colour, "-", points))
    columns = ("what (157 frames, fused)", "seconds", "per million rows", "engine's peak", "worker's peak")
    show_table("growing data", columns, table, [_NOTE])
    draw_lines("scale", "157 frames in 4 groups, fused", ("rows", "seconds"), lines)


_NOTE = (
    "Peaks: of this process, its libraries included, and of one worker; the backend's server is not in them."
)


def _measure(engine: Engine, path: Path, rows: int) -> tuple[Row, float]:
    """The cells of one size, and its median seconds."""
    runs: list[Run] = []

    def step() -> None:
        runs.append(evaluate(engine, AGGREGATE, path, fuse=True))
        values_of(runs[-1])

    _reset_peak()
    taken = machine.median(step, _TIMES)
    peak = max(run.report.peak_memory_bytes or 0 for run in runs)
    million = f"{taken / rows * 1e9:.0f} ms"
    return (seconds(taken), million, _megabytes(_read_peak()), _megabytes(peak)), taken


def _reset_peak() -> None:
    """Let the kernel forget the most memory that this process has had."""
    _RESET.write_text("5")


def _read_peak() -> int:
    """The most memory, in bytes, that this process has had since."""
    [line] = [line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) << 10


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
