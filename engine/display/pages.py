"""Reports and notebooks' cells as HTML, without a script.

Every text of an author or of the data goes through Jinja's escaping, and each of its places is between tags
or in a quoted attribute. The report forbids scripts, connections, pictures and frames to itself; its charts
are drawn by our own templates, of numbers.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import jinja2
from markupsafe import Markup

from engine.display.shapes import CHARTS, Spot, bar, heat_cell, line_chart, reach_of, spark, tone
from engine.display.sheets import (
    ALL_DATA,
    SIGNS,
    WHOLE_RANGE,
    Sheet,
    SheetRow,
    number,
    one_line,
    sheets_of,
)  # fmt: skip
from engine.models.result import STATUSES, FrameError, Result, Status
from engine.results.text import visible_text
from engine.wording import Door, told

if TYPE_CHECKING:
    from engine.models.frame import Frame
    from engine.models.run import Run
    from engine.models.windows import Window
    from engine.runs.live import Progress
    from engine.runs.plan import RunPlan
    from sandbox.contract.messages import Problem

# What a page shows at most. Beyond it a reader is lost, and a browser slow; it says what it leaves out.
MOST_ROWS: Final = 1_000
_MOST_HEAT_ROWS: Final = 400
_MOST_HEAT_WINDOWS: Final = 120
_MOST_HEAT_CELLS: Final = 60_000
_MOST_CHARTED: Final = 12
_MOST_CHARTS: Final = 9
_MOST_CHART_WINDOWS: Final = 1_000
_MOST_CELL_ROWS: Final = 200
_MOST_ERRORS: Final = 50
_PRINT_CHARS: Final = 20_000


def report_page(runs: Sequence[Run], door: Door = "python") -> str:
    """One page of runs that needs nothing else: no network, no script."""
    sheets: list[dict[str, object]] = []
    charted, cells = 0, _MOST_HEAT_CELLS
    for run in runs:
        for place, sheet in enumerate(sheets_of(run)):
            shown = _sheet(sheet, MOST_ROWS)
            shown["heat"] = heat = _heat(sheet, cells)
            cells -= 0 if heat is None else heat["count"]
            shown["notes"] = _notes(run, door) if place == 0 else None
            if sheet.windowed and charted < _MOST_CHARTED:
                shown |= _charts(sheet)
                charted += 1
            sheets.append(shown)
    names = list(dict.fromkeys(one_line(run.metric) for run in runs))
    title = names[0] if len(names) == 1 else f"{len(names)} metrics"
    frames = sum(run.frames for run in runs)
    calculated = f"{frames:,} frames, calculated by calcmetric {runs[0].engine} in "
    subtitle = f"{calculated}{sum(run.report.seconds for run in runs):.3g} s"
    digest = base64.b64encode(hashlib.sha256(display_style().encode()).digest()).decode()
    return _render(
        "report.html", title=title, subtitle=subtitle, sheets=sheets, style_hash=f"sha256-{digest}"
    )


def run_cell(run: Run) -> str:
    """A run in a notebook: a table with bars or sparklines for each of its numbers, and what went wrong."""
    sheets = [{**_sheet(sheet, _MOST_CELL_ROWS), "notes": None} for sheet in sheets_of(run)]
    sheets[-1]["notes"] = _notes(run, "python")
    return _cell(sheets=sheets)


def result_cell(result: Result) -> str:
    """A result in a notebook."""
    frame, error = result.frame, result.error or result.excuse
    facts: list[tuple[str, str]] = [("segment", _segment(frame)), ("window", _window(frame))]
    if result.name is not None:
        facts.append(("name", one_line(result.name)))
    facts += [("value", number(result.value, 17)), ("status", f"{result.status}: {STATUSES[result.status]}")]
    facts += [("rows", _count(result.rows)), ("baseline rows", _count(result.baseline_rows))]
    if error is not None:
        told_hint = f" ({visible_text(error.hint)})" if error.hint else ""
        line = f"line {error.line}: " if error.line else ""
        facts.append(("error", f"{line}{visible_text(error.message)}{told_hint} [{error.code}]"))
    shown = [(name, text) for name, text in facts if text]
    return _cell(result={"facts": shown, "printed": _printed(result)})


def plan_cell(plan: RunPlan) -> str:
    """A planned run in a notebook."""
    shown = min(len(plan.frames), _MOST_CELL_ROWS)
    most = max(plan.rows[:shown], default=0)
    compared = plan.baseline_rows
    rows = [
        {
            "label": _segment(frame),
            "window": _window(frame),
            "rows": _count(plan.rows[place]),
            "baseline_rows": _count(compared[place]) if compared else "",
            "bar": bar(float(plan.rows[place]), (0.0, float(most))) if most else None,
        }
        for place, frame in enumerate(plan.frames[:shown])
    ]
    questions = [
        {
            "plan": visible_text(one.plan),
            "times": one.times,
            "answered": f"by {one.answered_by}{': ' if one.reason else ''}{visible_text(one.reason)}",
        }
        for one in plan.questions
    ]
    return _cell(
        plan={
            "caption": f"{len(plan.frames):,} frames, about {plan.queries:,} queries",
            "compared": bool(compared),
            "rows": rows,
            "left_out": _left_out(len(plan.frames), shown, "frames"),
            "questions": questions,
            "warnings": _problems(plan.warnings),
        }
    )


def progress_cell(progress: Progress) -> str:
    """How far a run is, in a notebook."""
    return _cell(progress={"percent": progress.percent, "text": str(progress)})


def problems_cell(problems: Sequence[Problem]) -> str:
    """Problems of a source, in a notebook."""
    return _cell(problems=_problems(problems))


def _sheet(sheet: Sheet, most: int) -> dict[str, object]:
    run, rows = sheet.run, sheet.rows[:most]
    span = sheet.span(windowed=False)
    shown = [_row(sheet, row, span) for row in rows]
    statuses = sheet.statuses
    results = _many(len(sheet.rows) - 1, "segment") if len(sheet.rows) > 1 else "all data"
    windows = f", {_many(len(sheet.windows), 'window')}" if sheet.windows else ""
    windows_only = sheet.windowed and not any(row.whole for row in sheet.rows[1:])
    return {
        "title": sheet.title,
        "caption": f"{results}{windows}" + ("" if windows_only else "; values over the whole range"),
        "windows_only": windows_only,
        "windowed": sheet.windowed,
        "compared": run.baseline is not None,
        "rows": shown,
        "first": shown[0],
        "left_out": _left_out(len(sheet.rows), len(rows), "segments"),
        "counts": [
            {"status": name, "count": f"{count:,}", "sign": SIGNS[name], "tone": tone(name)}
            for name, count in statuses.items()
        ],
        "without": f"{sum(count for name, count in statuses.items() if name != 'ok'):,}",
        "facts": _facts(run, sheet),
        "heat": None,
        "charts": (),
        "chart_note": "",
    }


def _row(sheet: Sheet, row: SheetRow, span: tuple[float, float] | None) -> dict[str, object]:
    whole = row.whole
    has_number = whole is not None and whole.status == "ok"
    return {
        "label": row.label,
        "value": number(whole.value) if whole is not None and has_number else "",
        "status": whole.status if whole is not None else "",
        "sign": SIGNS[whole.status] if whole is not None else "",
        "tone": tone(whole.status) if whole is not None else "",
        "rows": _count(whole.rows) if whole is not None else "",
        "baseline_rows": _count(whole.baseline_rows) if whole is not None else "",
        "bar": bar(whole.value, span) if whole is not None and has_number and span else None,
        "spark": _spark(sheet, row) if sheet.windowed else None,
        **_ends(sheet, row),
    }


def _ends(sheet: Sheet, row: SheetRow) -> dict[str, object]:
    """The newest of its windows, their extremes, and how many have no number."""
    found = [row.windows.get(window) for window in sheet.windows]
    newest = found[-1] if found else None
    values = [one.value for one in found if one is not None and one.status == "ok"]
    status = newest.status if newest is not None else None
    return {
        "newest": number(newest.value) if newest is not None and status == "ok" else "",
        "last": {
            "status": status or "none",
            "sign": SIGNS[status] if status else "",
            "tone": tone(status) if status else "soft",
        },
        "low": number(min(values)) if values else "",
        "high": number(max(values)) if values else "",
        "without": f"{len(found) - len(values):,}",
    }


def _spark(sheet: Sheet, row: SheetRow) -> dict[str, object] | None:
    """The row's numbers over time."""
    found = [row.windows.get(window) for window in sheet.windows]
    return spark([one.value if one is not None and one.status == "ok" else None for one in found])


def _heat(sheet: Sheet, cells: int) -> dict[str, Any] | None:
    """Segments by windows as a table whose cells are shaded; None if there is nothing to compare."""
    if not sheet.windowed:
        return None
    windows = sheet.windows[-_MOST_HEAT_WINDOWS:]
    with_windows = [row for row in sheet.rows if row.windows]
    rows = with_windows[: min(_MOST_HEAT_ROWS, max(1, cells // len(windows)))]
    span = sheet.span(windowed=True)
    seen: Counter[Status] = Counter()
    shown = []
    for row in rows:
        line = []
        for window in windows:
            one = row.windows.get(window)
            line.append(_heat_cell(one, span))
            if one is not None:
                seen[one.status] += 1
        shown.append({"label": row.label, "cells": line})
    left_out = [
        _left_out(len(with_windows), len(rows), "segments"),
        _left_out(len(sheet.windows), len(windows), "windows", "newest"),
    ]
    return {
        "heads": [sheet.moment(window.start) for window in windows],
        "rows": shown,
        "count": len(rows) * len(windows),
        "low": number(span[0]) if span else "",
        "high": number(span[1]) if span else "",
        "legend": heat_legend(seen.keys()),
        "left_out": " ".join(text for text in left_out if text),
    }  # fmt: skip


def heat_legend(seen: Collection[Status]) -> list[tuple[str, str, str, str]]:
    """Sign, name, meaning and class of those statuses among some that are no number."""
    return [
        (SIGNS[name], name, STATUSES[name], tone(name)) for name in SIGNS if name != "ok" and name in seen
    ]


def _heat_cell(result: Result | None, span: tuple[float, float] | None) -> tuple[str, str, str]:
    return heat_cell(None, None, span) if result is None else heat_cell(result.status, result.value, span)


def _facts(run: Run, sheet: Sheet) -> list[tuple[str, str]]:
    time = run.time
    ends = [sheet.moment(instant) if instant is not None else "" for instant in (time.start, time.end)]
    spanned = f"{ends[0] or 'the beginning'} to {ends[1] or 'the end'}"
    params = ", ".join(f"{name} = {value!r}" for name, value in run.params.items())
    baseline = "" if run.baseline is None else ": ".join(run.baseline.to_dict().values())
    facts = [
        ("time", spanned if any(ends) else "all"),
        ("as of", sheet.moment(time.as_of) if time.as_of is not None else ""),
        ("zone", time.zone),
        ("baseline", baseline),
        ("parameters", params),
        ("backend", run.backend),
        ("source", f"sha256 {run.source_sha256[:12]}"),
        ("run", run.id[:12]),
    ]
    return [(name, one_line(text)) for name, text in facts if text]


def _notes(run: Run, door: Door) -> dict[str, object]:
    errors: Counter[tuple[Status, FrameError]] = Counter(
        (result.status, result.error) for result in run.results if result.error is not None
    )
    listed = [
        {
            "status": status,
            "sign": SIGNS[status],
            "tone": tone(status),
            "line": error.line or "",
            "message": visible_text(told(error.message, door)),
            "hint": visible_text(told(error.hint, door)),
            "code": error.code,
            "count": f"{count:,}",
        }
        for (status, error), count in errors.most_common(_MOST_ERRORS)
    ]
    printer = next((result for result in run.results if result.printed), None)
    names = [one.group if isinstance(one.group, str) else " x ".join(one.group) for one in run.cut]
    return {
        "errors": listed,
        "error_caption": _left_out(len(errors), len(listed), "kinds of errors") or "by frequency",
        "warnings": _problems(run.report.warnings, door),
        "cut": [
            f"{one_line(name)}: {one.rows:,} rows in no segment ({one.members:,} values cut)"
            for name, one in zip(names, run.cut, strict=True)
            if one.rows or one.members
        ],
        "printed": "" if printer is None else _printed(printer),
        "printed_by": "" if printer is None else f"{_segment(printer.frame)}, {_window(printer.frame)}",
        "short": printer is not None and len(printer.printed) < 1_000,
    }


def _charts(sheet: Sheet) -> dict[str, object]:
    """Lines over time of the first segments, all on one scale; one by itself is as wide as the page."""
    rows = [row for row in sheet.rows if row.windows]
    drawn, windows = rows[:_MOST_CHARTS], sheet.windows[-_MOST_CHART_WINDOWS:]
    lines = [[_spot(sheet, row.windows.get(window), window) for window in windows] for row in drawn]
    reach = reach_of([spot.value for line in lines for spot in line])
    alone = len(drawn) == 1
    sizes, kinds = (CHARTS, ("wide", "small")) if alone else (CHARTS[1:], ("one",))
    notes = [
        _left_out(len(rows), len(drawn), "segments", drawn_here=True),
        _left_out(len(sheet.windows), len(windows), "windows", "newest", drawn_here=True),
    ]
    return {
        "charts": [
            {
                "label": row.label,
                "kinds": kinds,
                "shapes": [line_chart(line, {}, size, reach) for size in sizes],
            }
            for row, line in zip(drawn, lines, strict=True)
        ],
        "chart_note": " ".join(text for text in notes if text),
    }


def _spot(sheet: Sheet, result: Result | None, window: Window) -> Spot:
    when = sheet.moment(window.start)
    if result is None:
        return Spot(when, None, None)
    value = result.value if result.status == "ok" else None
    shown = number(value) if value is not None else f"{SIGNS[result.status]} {result.status}"
    rows = "" if result.rows is None else f", {result.rows:,} rows"
    return Spot(when, result.status, value, f"{when}: {shown}{rows}")


def _problems(problems: Sequence[Problem], door: Door = "python") -> list[dict[str, object]]:
    return [
        {
            "line": one.line or "",
            "column": one.column or "",
            "severity": one.severity,
            "tone": "bad" if one.severity == "error" else "quiet",
            "message": visible_text(told(one.message, door)),
            "hint": visible_text(told(one.hint, door)),
            "code": one.code,
        }
        for one in problems
    ]


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _count(rows: int | None) -> str:
    return "" if rows is None else f"{rows:,}"


def _printed(result: Result) -> str:
    text = visible_text(result.printed[:_PRINT_CHARS]).rstrip("\n")
    return f"{text}\n... (cut)" if len(result.printed) > _PRINT_CHARS else text


def _segment(frame: Frame) -> str:
    return one_line(str(frame.segment)) if frame.segment is not None else ALL_DATA


def _window(frame: Frame) -> str:
    window = frame.window
    return WHOLE_RANGE if window is None else f"{window.start.isoformat()} to {window.end.isoformat()}"


def _left_out(count: int, shown: int, what: str, which: str = "first", *, drawn_here: bool = False) -> str:
    if count <= shown:
        return ""
    where = "drawn here" if drawn_here else "shown here"
    return f"The {which} {shown:,} of {count:,} {what} are {where}; a CSV or Parquet file has all."


def _cell(**values: object) -> str:
    absent: dict[str, object] = dict.fromkeys(("plan", "progress", "result", "problems"))
    return _render("cell.html", **({"sheets": ()} | absent | values))


def _render(template: str, **values: object) -> str:
    return _environment().get_template(template).render(style=Markup(display_style()), **values)  # noqa: S704


@functools.cache
def display_style() -> str:
    """The style of reports and cells, which is one of the class `calcmetric`."""
    return resources.files("engine.display").joinpath("templates/style.css").read_text("utf-8")


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("engine.display", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
