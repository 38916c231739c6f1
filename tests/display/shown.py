"""Runs that are shown: values, behind which no engine is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from engine.models.frame import Frame, Segment
from engine.models.result import Cut, FrameError, Result
from engine.models.run import Report, Run, RunTime
from engine.models.windows import Window
from sandbox.contract.messages import Problem

DAY = datetime(2026, 8, 1, tzinfo=UTC)
ERROR = FrameError("raised", "ZeroDivisionError: division by zero", 7, "check that the divisor is not 0")
# What opens a tag, an attribute, a script, a style, an expression of templates, of Vega, and of addresses.
HOSTILE = (
    "<script>attack()</script>",
    '"><img src=x onerror=attack()>',
    "'><svg onload=attack()>",
    "</style><script>attack()</script>",
    "</title><script>attack()</script>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:attack()",
    "datum.value + attack()",
    "]]><script>attack()</script>",
    "<!-- --><iframe srcdoc='<script>parent.attack()</script>'>",
    "&lt;script&gt;",
    "https://attack.example/x.png",
)


def days(count: int) -> tuple[Window, ...]:
    return tuple(Window(DAY + timedelta(days=n), DAY + timedelta(days=n + 1)) for n in range(count))


def run_of(number: int, *segments: str) -> Run:
    """The run that has this number."""
    return replace(a_run(segments), id=f"{number:032x}")


def a_run(segments: Sequence[str] = (), windows: int = 0, metric: str = "rate") -> Run:
    """All data and segments over windows; every seventh result of a segment has no number."""
    results: list[Result] = []
    for place, name in enumerate((None, *segments)):
        segment = None if name is None else Segment("country", name, "string")
        for number, window in enumerate((None, *days(windows))):
            frame = Frame(len(results), segment, window)
            if window is not None and place and (place + number) % 7 == 0:
                results.append(Result(frame, "raised", math.nan, 10, ERROR))
            else:
                results.append(Result(frame, "ok", place + math.sin(number), 100 + number))
    time = RunTime(DAY, DAY + timedelta(days=max(1, windows)), None, "Europe/Berlin")
    return Run(metric, "0" * 64, "spark", "1.0", time, tuple(results), Report(seconds=1.5))


def hostile_run(windows: int = 3) -> Run:
    """Each text that an author or the data may choose, chosen by an enemy."""
    results: list[Result] = []
    for place, text in enumerate((None, *HOSTILE)):
        segment = None if text is None else Segment(text, text, "string")
        error = FrameError("raised", text or "x", 1, text or "")
        for number, window in enumerate((None, *days(windows))):
            frame, printed = Frame(len(results), segment, window), "\n".join(HOSTILE)
            if number == 1 and place:
                results.append(Result(frame, "raised", math.nan, 3, error, printed=printed))
            else:
                results.append(Result(frame, "ok", float(place), 3, printed=printed))
    problem = Problem(1, 1, "code", HOSTILE[0], HOSTILE[1], "warning")
    report = Report(cut=tuple(Cut(text, 1, 1) for text in HOSTILE), warnings=(problem,))
    params = {f"p{place}": text for place, text in enumerate(HOSTILE)}
    return Run("".join(HOSTILE[:5]), "0" * 64, "spark", "1.0", RunTime(), tuple(results), report, params)
