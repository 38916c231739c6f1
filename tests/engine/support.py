"""What the tests of the engine share: running a guest on three frames, and looking at processes."""

from __future__ import annotations

import textwrap
from typing import Any

import psutil

from engine import Dataset, Engine, SegmentGroup
from engine.models.result import Result
from engine.models.run import Run

# The good frames of `run_on_groups` give these: the sums of n by group.
BY_GROUP = SegmentGroup.by_value("g", values=["a", "b", "c"])


def metric(body: str, before: str = "") -> str:
    """A source whose calc_metric has this body; `which` is the frame's group, "" on the full frame."""
    return (
        "import numpy as np\nimport pandas as pd\nfrom pyspark.sql import functions as F\n"
        + textwrap.dedent(before)
        + "\ndef calc_metric(df):\n"
        + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
        + "\n"
    )


def misbehaving(body: str, before: str = "") -> str:
    """A metric that does `body` on the frame of group b, and gives its sum of n on the others."""
    return metric(
        "found = df.agg(F.sum('n').alias('s'), F.min('g').alias('lo'), F.max('g').alias('hi')).first()\n"
        "if found['lo'] != found['hi'] or found['lo'] != 'b':\n"
        "    return found['s']\n" + textwrap.dedent(body).strip("\n"),
        before,
    )


def run_on_groups(engine: Engine, source: str, rows: Dataset, **options: Any) -> Run:
    """The full frame, and those of groups a, b, c."""
    return engine.evaluate(source, rows, segments=[BY_GROUP], **options)


def result_of_b(engine: Engine, source: str, rows: Dataset, **options: Any) -> Result:
    """What became of group b's frame, after checking that the others were not touched by it."""
    run = run_on_groups(engine, source, rows, **options)
    full, a, b, c = run.results
    assert [one.status for one in (full, a, c)] == ["ok"] * 3, [one.error for one in run.results]
    assert (full.value, a.value, c.value) == (44850.0, 14850.0, 15050.0)
    return b


def check_goes_on(engine: Engine, rows: Dataset) -> None:
    """The next run is an ordinary one."""
    run = engine.evaluate(metric("return df.count()"), rows)
    assert run.overall.value == 300.0


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
