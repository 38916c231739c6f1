"""How time and memory grow with the rows: 157 frames, fused, and DuckDB's grouping sets by hand."""

from __future__ import annotations

from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import click

from benchmarks import by_hand
from benchmarks.command import backend_option
from benchmarks.data import events
from benchmarks.fan_out import evaluate
from benchmarks.fanned import Values, difference, values_of
from benchmarks.metrics import AGGREGATE
from benchmarks.show import COLOURS, Line, Row, draw_lines, seconds, show_table
from benchmarks.timing import Way, by_turns
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
    roots = (paths[sizes[0]].parent,)
    # By hand in another process: its memory is not the engine's.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
        for backend, colour in zip(backends, COLOURS, strict=False):
            points: list[tuple[float, float]] = []
            with Engine(backend, roots=roots) as engine:
                for rows, path in paths.items():
                    row, taken = _measure(engine, path, rows, other)
                    table.append((f"{backend}: {rows:,} rows", *row))
                    points.append((rows, taken))
            lines.append((backend, colour, "-", points))
    columns = (
        "what (157 frames, fused)", "seconds", "per million rows", "DuckDB by hand", "against it",
        "largest difference", "engine's peak", "worker's peak",
    )  # fmt: skip
    show_table("growing data", columns, table, [_NOTE])
    draw_lines("scale", "157 frames in 4 groups, fused", ("rows", "seconds"), lines)


_NOTE = (
    "Peaks: of this process, its libraries included, and of one worker; the backend's server is not in them."
)


def _measure(engine: Engine, path: Path, rows: int, other: Executor) -> tuple[Row, float]:
    """The cells of one size, and its median seconds."""
    runs: list[Run] = []

    def ours() -> Values:
        runs.append(evaluate(engine, AGGREGATE, path, fuse=True))
        return values_of(runs[-1])

    def hand() -> Values:
        return other.submit(by_hand.duckdb_sets, path).result()

    _reset_peak()
    mine, hands = by_turns((Way("ours", ours, _TIMES), Way("DuckDB", hand, _TIMES))).values()
    peak = max(run.report.peak_memory_bytes or 0 for run in runs)
    cells = (
        seconds(mine.seconds),
        _per_million(mine.seconds, rows),
        _per_million(hands.seconds, rows),
        f"{mine.seconds / hands.seconds:.2f} x",
        f"{difference(mine.answer, hands.answer):.0e}",
        _megabytes(_read_peak()),
        _megabytes(peak),
    )
    return cells, mine.seconds


def _per_million(taken: float, rows: int) -> str:
    return f"{taken / rows * 1e9:.0f} ms"


def _reset_peak() -> None:
    """Let the kernel forget the most memory that this process has had."""
    _RESET.write_text("5")


def _read_peak() -> int:
    """The most memory, in bytes, that this process has had since."""
    [line] = [line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) << 10


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
