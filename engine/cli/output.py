"""How finished runs are shown: a table for people, JSON and CSV for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Final

from rich import markup
from rich.console import Console
from rich.table import Table

from engine.display.sheets import Sheet, SheetRow, moment, sheets_of
from engine.display.sparks import bar, sparkline
from engine.models.durations import parse_zone
from engine.models.problems import problem_fields
from engine.models.result import GOOD, Result
from engine.models.run import Run
from engine.models.windows import Window
from engine.results.tables import FORMAT_VERSION
from engine.results.text import visible_text
from engine.wording import told
from sandbox.contract.messages import Problem

# Below this width the columns of words have no room to spare.
_WIDE: Final = 100
_BAR_WIDTH: Final = 10
_SPARK_WIDTH: Final = 20


def escape(text: str) -> str:
    """Text of guests, data and authors for a terminal: shown as it is, with no power over what shows it."""
    return markup.escape(visible_text(text))


def problems_json(by_path: Mapping[str, Sequence[Problem]]) -> str:
    """The documented object of refused sources."""
    entries = [
        {"file": path, **problem_fields(problem, "command")}
        for path, problems in by_path.items()
        for problem in problems
    ]
    return _dump({"version": FORMAT_VERSION, "problems": entries})


def print_table(console: Console, run: Run) -> None:
    """Print a run as a table, its errors and what was cut below it."""
    zone = parse_zone(run.time.zone)
    windowed = any(result.frame.window is not None for result in run.results)
    table = Table(title=escape(run.metric), title_justify="left", title_style="bold")
    table.add_column("segment")
    if windowed:
        table.add_column("window")
    if run.names:
        table.add_column("name")
    table.add_column("value", justify="right")
    pictures = _pictures(console, run)
    if pictures:
        table.add_column("series" if windowed else "", no_wrap=True)
    table.add_column("status")
    table.add_column("rows", justify="right")
    if run.baseline is not None:
        table.add_column("baseline rows", justify="right")
    table.add_column("seconds", justify="right")
    for result in run.results:
        compared = run.baseline is not None
        cells = _cells(result, zone, windowed=windowed, named=bool(run.names), compared=compared)
        if pictures:
            cells.insert(1 + windowed + bool(run.names) + 1, pictures[id(result)])
        table.add_row(*cells)
    console.print(table)
    _print_notes(console, run)


def _pictures(console: Console, run: Run) -> dict[int, str]:
    """A sparkline for each segment over time, and a bar for other numbers, by the place of the result.

    Empty where they would not fit, where they cannot be written, or where there is one number only.
    """
    if console.width < _WIDE or console.options.ascii_only:
        return {}
    drawn: dict[int, str] = {}
    for sheet in sheets_of(run):
        longest = {windowed: _longest(sheet, windowed=windowed) for windowed in (False, True)}
        for row in sheet.rows:
            for result in row.results:
                windowed = result.frame.window is not None
                drawn[id(result)] = (
                    _series(sheet, row)
                    if sheet.windowed and not windowed
                    else bar(_number(result), longest[windowed], _BAR_WIDTH)
                )
    return drawn if sum(map(bool, drawn.values())) > 1 else {}


def _series(sheet: Sheet, row: SheetRow) -> str:
    return sparkline([_number(row.windows.get(window)) for window in sheet.windows], _SPARK_WIDTH)


def _longest(sheet: Sheet, *, windowed: bool) -> float:
    span = sheet.span(windowed=windowed)
    return max(map(abs, span)) if span else 0.0


def _number(result: Result | None) -> float | None:
    return result.value if result is not None and result.status == "ok" else None


def _cells(result: Result, zone: tzinfo, *, windowed: bool, named: bool, compared: bool) -> list[str]:
    frame = result.frame
    cells = [escape(str(frame.segment)) if frame.segment else "all data"]
    if windowed:
        cells.append(_window_label(frame.window, zone) if frame.window else "whole range")
    if named:
        cells.append(escape(result.name or ""))
    style = "green" if result.status in GOOD else "red"
    counted = (result.rows, result.baseline_rows) if compared else (result.rows,)
    rows = ["" if count is None else f"{count:,}" for count in counted]
    value = f"{result.value:.6g}" if result.status == "ok" else "NaN"
    return [*cells, value, f"[{style}]{result.status}[/]", *rows, f"{result.seconds:.2f}"]


def _window_label(window: Window, zone: tzinfo) -> str:
    return f"{moment(window.start.astimezone(zone))} .. {moment(window.end.astimezone(zone))}"


def _print_notes(console: Console, run: Run) -> None:
    shown: dict[str, int] = {}
    for result in run.results:
        if result.error is not None:
            line = f"line {result.error.line}: " if result.error.line else ""
            error = result.error.to_dict("command")
            hint = f" - {error['hint']}" if error["hint"] else ""
            text = f"{result.status}: {line}{error['message']}{hint}"
            shown[text] = shown.get(text, 0) + 1
    for text, count in shown.items():
        times = f" ({count} frames)" if count > 1 else ""
        console.print(f"[red]{escape(text)}[/]{times}", highlight=False)
    printed = next((result.printed for result in run.results if result.printed), "")
    if printed:
        console.print("output of the first frame that printed something:", style="dim")
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
    place = place if problem.line else "the data"
    message, hint = told(problem.message, "command"), told(problem.hint, "command")
    console.print(
        f"{escape(place)}: [{style}]{problem.severity}[/]: {escape(message)} \\[{problem.code}]",
        highlight=False,
        soft_wrap=True,
    )
    if hint:
        console.print(f"    fix: {escape(hint)}", highlight=False, soft_wrap=True)


def _dump(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
