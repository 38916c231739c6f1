"""`python -m tests.cli.snapshots`: write anew what the command line prints, in `tests/cli/printed`.

Whoever changes an output runs this once, and the change is seen as it is, in the diff. No run, no clock and
no backend is behind it: the runs that are shown are values, and the commands are what click knows of them.
"""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from engine.cli.main import cli
from engine.cli.output import print_problem, print_table, problems_json
from engine.cli.running import print_explained
from engine.models.baseline import Baseline
from engine.models.frame import Frame, Segment
from engine.models.result import Cut, FrameError, Result
from engine.models.run import Report, Run, RunTime
from engine.models.windows import Window
from engine.results.tables import runs_csv, runs_json
from engine.runs.plan import PlannedQuestion, RunPlan
from sandbox.contract.messages import Problem

FOLDER: Final = Path(__file__).with_name("printed")
_DAY: Final = datetime(2026, 5, 1, tzinfo=UTC)
_WIDTH: Final = 110

PROBLEMS: Final = {
    "metrics/first.py": (
        Problem(
            1, 8, "import-refused", "os cannot be imported", "use the DataFrame that you are given", "error"
        ),
        Problem(4, 5, "loop", "this loop asks a query in each turn", "", "warning"),
    ),
    "metrics/second.py": (Problem(0, 0, "parameter-unknown", "there is no parameter 'x'", "", "error"),),
}


def one_number() -> Run:
    """Segments and windows, every kind of ending, and all that is said below the table."""
    error = FrameError("raised", "ZeroDivisionError: division by zero", 7, "check that the divisor is not 0")
    limit = FrameError("limit-frame-seconds", "the frame took longer than its 60 s", None, "")
    window = Window(_DAY, _DAY + timedelta(hours=6))
    results = (
        Result(Frame(0), "ok", 1234.5678, 3_000, printed="all 3,000\n", seconds=1.25),
        Result(Frame(1, Segment("country", "DE", "string")), "ok", -0.000125, 1_200, seconds=0.5),
        Result(Frame(2, Segment("country", None, "null")), "nan", math.nan, 3, seconds=0.01),
        Result(Frame(3, Segment("age", "[18,25)", "bucket")), "raised", math.nan, 700, error, seconds=0.1),
        Result(Frame(4, Segment("age", "[25,inf)", "bucket")), "raised", math.nan, 600, error, seconds=0.1),
        Result(Frame(5, Segment("day", date(2026, 5, 1), "date")), "no_data", math.nan, 0),
        Result(
            Frame(6, Segment(("country", "new"), ("FR", True), ("string", "bool")), window),
            "limit",
            math.nan,
            None,
            limit,
            seconds=60.0,
        ),
    )
    report = Report(
        queries=9,
        seconds=64.5,
        peak_memory_bytes=123_456_789,
        worker_seconds=3.5,
        fetched_bytes=4_096,
        workers=2,
        cut=(Cut("country", 97, 12),),
        warnings=(Problem(3, 1, "collect", "all rows are fetched", "aggregate first", "warning"),),
    )
    time = RunTime(start=_DAY - timedelta(days=30), end=_DAY, as_of=_DAY, zone="Europe/Berlin")
    return Run("average_age", "0" * 64, "spark", "1.0", time, results, report)


def several_numbers() -> Run:
    """Names, and parameters."""
    results = tuple(
        Result(Frame(index, segment), "ok", 10.0 * index + place, 5, seconds=0.25, name=name)
        for index, segment in enumerate((None, Segment("new", False, "bool")))
        for place, name in enumerate(("precision", "recall"))
    )
    return Run(
        "quality", "1" * 64, "duckdb", "1.0", RunTime(), results, Report(), {"above": 0.5, "by": "label"}
    )


def planned() -> RunPlan:
    """Frames that were counted, and questions of which Spark would answer some."""
    return RunPlan(
        frames=(Frame(0), Frame(1, Segment("country", "DE", "string"))),
        rows=(3_000, 1_200),
        cut=(Cut("country", 97, 12),),
        counting_queries=1,
        calls_per_frame=3,
        warnings=(),
        questions=(
            PlannedQuestion("filter, aggregate", "native", "", 2),
            PlannedQuestion("aggregate", "spark", "the function hll_sketch_agg", 1),
        ),
    )


def quiet() -> RunPlan:
    """One that asks nothing of a frame without rows."""
    return RunPlan((Frame(0),), (0,), (), 1, 0, ())


def _explained(form: str) -> str:
    return _drawn(lambda console: print_explained(console, "quality", planned(), form))


def compared() -> Run:
    """Rows of a baseline."""
    segments = (None, Segment("country", "DE", "string"), Segment("country", "FR", "string"))
    results = tuple(
        Result(
            Frame(index, segment),
            "ok" if index < 2 else "no_data",
            0.125 * index if index < 2 else math.nan,
            1_000 >> index,
            seconds=0.25,
            baseline_rows=(3_000, 1_200, 0)[index],
        )
        for index, segment in enumerate(segments)
    )
    time, baseline = RunTime(start=_DAY - timedelta(days=7), end=_DAY), Baseline.first("30d")
    return Run("drift", "2" * 64, "spark", "1.0", time, results, Report(), {}, baseline)


def _drawn(draw: Callable[[Console], object]) -> str:
    file = io.StringIO()
    draw(Console(file=file, width=_WIDTH, force_terminal=False))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _problems(console: Console) -> None:
    for path, problems in PROBLEMS.items():
        for problem in problems:
            print_problem(console, problem, path)


def commands() -> str:
    """Every command with its arguments, options and what is said of them."""
    return "\n".join(_described("calcmetric", cli))


def _described(name: str, command: click.Command) -> Iterator[str]:
    yield f"{name}: {_prose(command.help)}"
    for parameter in command.params:
        said = _prose(getattr(parameter, "help", None))
        yield f"    {', '.join((*parameter.opts, *parameter.secondary_opts))}{': ' if said else ''}{said}"
    if isinstance(command, click.Group):
        context = click.Context(command)
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield ""
            yield from _described(f"{name} {inner}", found)


def _prose(text: str | None) -> str:
    return " ".join(textwrap.dedent(text or "").replace("\b", "").split())


SNAPSHOTS: Final[Mapping[str, Callable[[], str]]] = {
    "table.txt": lambda: _drawn(lambda console: print_table(console, one_number())),
    "table-of-names.txt": lambda: _drawn(lambda console: print_table(console, several_numbers())),
    "table-of-baselines.txt": lambda: _drawn(lambda console: print_table(console, compared())),
    "runs.json": lambda: runs_json([one_number(), several_numbers(), compared()]) + "\n",
    "runs.csv": lambda: runs_csv([one_number(), several_numbers()]),
    "explained.txt": lambda: _explained("table"),
    "explained.json": lambda: _explained("json"),
    "explained-without-questions.txt": lambda: _drawn(
        lambda console: print_explained(console, "quality", quiet(), "table")
    ),
    "runs-with-baselines.csv": lambda: runs_csv([one_number(), compared()]),
    "problems.txt": lambda: _drawn(_problems),
    "problems.json": lambda: problems_json(PROBLEMS) + "\n",
    "commands.txt": commands,
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file_name, make in SNAPSHOTS.items():
        (FOLDER / file_name).write_text(make(), "utf-8")
