"""How finished runs are shown: a table for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from rich import markup
from rich.console import Console
from rich.table import Table

from engine.models.durations import parse_zone
from engine.models.result import GOOD, Result
from engine.models.run import Run
from engine.models.windows import Window
from engine.results.text import visible_text
from sandbox.contract.messages import Problem

FORMAT_VERSION = 1


def escape(text: str) -> str:
    """Text of guests, data and authors for a terminal: shown as it is, with no power over what shows it."""
    return markup.escape(visible_text(text))


def runs_json(runs: Sequence[Run]) -> str:
    """The documented object of a finished command."""
    return _dump({"version": FORMAT_VERSION, "runs": [run.to_dict() for run in runs]})


def problems_json(by_path: Mapping[str, Sequence[Problem]]) -> str:
    """The documented object of refused sources."""
    fields = ("severity", "line", "column", "code", "message", "hint")
    entries = [
        {"file": path, **{name: getattr(problem, name) for name in fields}}
        for path, problems in by_path.items()
        for problem in problems
    ]
    return _dump({"version": FORMAT_VERSION, "problems": entries})


def runs_csv(runs: Sequence[Run]) -> str:
    """One line for each frame; columns as in `Run.to_pandas`, with the metric in front."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for number, run in enumerate(runs):
        frame = run.to_pandas()
        if number == 0:
            writer.writerow(["metric", *frame.columns])
        for row in frame.itertuples(index=False):
            writer.writerow([run.metric, *("" if value is None else _plain(value) for value in row)])
    return out.getvalue()


def print_table(console: Console, run: Run) -> None:
    """Print a run as a table, its errors and what was cut below it."""
    zone = parse_zone(run.time.zone)
    windowed = any(result.frame.window is not None for result in run.results)
    table = Table(title=escape(run.metric), title_justify="left", title_style="bold")
    table.add_column("segment")
    if windowed:
        table.add_column("window")
    table.add_column("value", justify="right")
    table.add_column("status")
    table.add_column("rows", justify="right")
    table.add_column("seconds", justify="right")
    for result in run.results:
        table.add_row(*_cells(result, zone, windowed=windowed))
    console.print(table)
    _print_notes(console, run)


def _cells(result: Result, zone: tzinfo, *, windowed: bool) -> list[str]:
    frame = result.frame
    cells = [escape(str(frame.segment)) if frame.segment else "all data"]
    if windowed:
        cells.append(_window_label(frame.window, zone) if frame.window else "whole range")
    style = "green" if result.status in GOOD else "red"
    rows = "" if result.rows is None else f"{result.rows:,}"
    value = f"{result.value:.6g}" if result.status == "ok" else "NaN"
    return [*cells, value, f"[{style}]{result.status}[/]", rows, f"{result.seconds:.2f}"]


def _window_label(window: Window, zone: tzinfo) -> str:
    return f"{_moment(window.start.astimezone(zone))} .. {_moment(window.end.astimezone(zone))}"


def _moment(instant: datetime) -> str:
    midnight = (instant.hour, instant.minute) == (0, 0)
    return f"{instant:%Y-%m-%d}" if midnight else f"{instant:%Y-%m-%d %H:%M}"


def _print_notes(console: Console, run: Run) -> None:
    shown: dict[str, int] = {}
    for result in run.results:
        if result.error is not None:
            line = f"line {result.error.line}: " if result.error.line else ""
            hint = f" - {result.error.hint}" if result.error.hint else ""
            text = f"{result.status}: {line}{result.error.message}{hint}"
            shown[text] = shown.get(text, 0) + 1
    for text, count in shown.items():
        times = f" ({count} frames)" if count > 1 else ""
        console.print(f"[red]{escape(text)}[/]{times}", highlight=False)
    printed = next((result.printed for result in run.results if result.printed), "")
    if printed:
        console.print("printed by the first frame that printed:", style="dim")
        console.print(escape(printed.rstrip("\n")), highlight=False)
    for cut in run.cut:
        if cut.rows or cut.members:
            name = cut.group if isinstance(cut.group, str) else " x ".join(cut.group)
            console.print(
                f"[yellow]{escape(name)}: {cut.rows:,} rows in no segment ({cut.members:,} values cut)[/]"
            )
    for warning in run.report.warnings:
        print_problem(console, warning)


def print_problem(console: Console, problem: Problem, path: str = "") -> None:
    """Print one problem as `path:line:column: severity: message`, and the fix."""
    style = "red" if problem.severity == "error" else "yellow"
    place = f"{path}:{problem.line}:{problem.column}" if path else f"line {problem.line}"
    console.print(
        f"{escape(place)}: [{style}]{problem.severity}[/]: {escape(problem.message)} \\[{problem.code}]",
        highlight=False,
        soft_wrap=True,
    )
    if problem.hint:
        console.print(f"    fix: {escape(problem.hint)}", highlight=False, soft_wrap=True)


def _plain(value: object) -> object:
    text = str(value)
    return "" if text in ("NaT", "<NA>") else value


def _dump(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
