"""How figures are shown: a table with the aim beside each, the machine's line, and a small chart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import machine

CHARTS = Path(__file__).parents[1] / "docs" / "charts"
# Colours by kind, told apart also by those who see no red or green.
OURS, DIRECT, BY_HAND = "#0072b2", "#e69f00", "#999999"
# For lines that differ by their backend.
COLOURS = (OURS, DIRECT, "#cc79a7")
_DOTS = 100
# Bars that differ by more than this are drawn on a logarithmic axis; on others lengths compare.
_LINEAR = 20

Row = tuple[str, ...]
Bar = tuple[str, float, str]
# Name, colour, style ("-" or "--"), and the points of a line.
Line = tuple[str, str, str, Sequence[tuple[float, float]]]


def show_table(title: str, columns: Sequence[str], rows: Sequence[Row], notes: Sequence[str] = ()) -> None:
    """Print a table, with the machine beneath its title."""
    table = Table(*columns, title=f"{title}\n{machine.describe()}")
    for row in rows:
        table.add_row(*row)
    console = Console(width=120)
    console.print(table)
    for note in notes:
        console.print(note)


def seconds(value: float) -> str:
    """Seconds with two or three digits."""
    return f"{value:.0f} s" if value >= 100 else f"{value:.3g} s"


def against(ours: float, other: float) -> str:
    """How our time compares with another."""
    return f"{other / ours:.1f} times faster" if other >= ours else f"{ours / other:.2f} x its time"


def draw_bars(name: str, title: str, bars: Sequence[Bar]) -> None:
    """Write a chart of seconds, the first bar on top.

    Args:
        name: of the file.
        title: one line.
        bars: label, seconds and colour of each.
    """
    figure, axes = _figure(title, height=0.7 + 0.3 * len(bars))
    labels, values, colours = zip(*bars, strict=True)
    drawn = axes.barh(range(len(bars)), values, color=colours)
    axes.bar_label(drawn, [seconds(value) for value in values], padding=3, fontsize=8)
    axes.set_yticks(range(len(bars)), labels, fontsize=8)
    axes.invert_yaxis()
    wide = max(values) > _LINEAR * min(values)
    axes.set_xlabel("seconds, logarithmic" if wide else "seconds", fontsize=8)
    axes.margins(x=0.15)
    if wide:
        axes.set_xscale("log")
        axes.set_xlim(left=10 ** math.floor(math.log10(min(values) / 2)))
        _plain_ticks(axes.xaxis)
    _save(figure, name)


def draw_lines(name: str, title: str, labels: tuple[str, str], lines: Sequence[Line]) -> None:
    """Write a chart of lines, logarithmic both ways.

    Args:
        name: of the file.
        title: one line.
        labels: of the axes.
        lines: name, colour and points of each.
    """
    figure, axes = _figure(title, height=3.2)
    for label, colour, style, points in lines:
        axes.plot(*zip(*points, strict=True), style, color=colour, label=label, marker="o", markersize=4)
    axes.set(xscale="log", yscale="log")
    _plain_ticks(axes.xaxis)
    _plain_ticks(axes.yaxis)
    axes.set_xlabel(labels[0], fontsize=8)
    axes.set_ylabel(labels[1], fontsize=8)
    axes.legend(fontsize=8, frameon=False)
    _save(figure, name)


def _figure(title: str, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # here, for it is of an extra

    figure = Figure(figsize=(7, height), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, fontsize=9, loc="left")
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _plain_ticks(axis: Any) -> None:
    """Label powers of ten as plain numbers, and 2 and 5 times these; nothing between."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axis.set_minor_formatter(NullFormatter())


def _save(figure: Any, name: str) -> None:
    CHARTS.mkdir(exist_ok=True)
    figure.savefig(CHARTS / f"{name}.png", dpi=_DOTS, metadata={"Software": None})
