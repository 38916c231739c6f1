"""What a terminal is sent: nothing of a guest's or of the data may command it."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime

from rich.console import Console

from engine.cli.output import print_problem, print_table
from engine.models.frame import Frame
from engine.models.result import FrameError, Result
from engine.models.run import Report, Run, RunTime
from sandbox.contract.messages import Problem

_NASTY = "before\x1b]0;title\x07\x1b[2J\x9b31m\u202e[bold]after"


def _shown(draw: Callable[[Console], object]) -> str:
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    draw(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_gets_no_escape_sequences_of_guests():
    result = Result(Frame(0), "raised", error=FrameError("raised", _NASTY, 1, _NASTY), printed=_NASTY)
    warning = Problem(1, 1, "code", _NASTY, _NASTY, "warning")
    time = RunTime(as_of=datetime(2026, 5, 1, tzinfo=UTC))
    run = Run(_NASTY, "0" * 64, "spark", "1", time, (result,), Report(warnings=(warning,)))
    shown = _shown(lambda console: print_table(console, run))
    shown += _shown(lambda console: print_problem(console, warning, _NASTY))
    assert shown.count("before[bold]after") == 9
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)
