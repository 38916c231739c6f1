"""What the tests of the engine share: running a guest on three frames, and looking at processes."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psutil

from engine import Dataset, Engine, Limits, SegmentGroup
from engine.models.result import Result
from engine.models.run import Run
from tests.metric_text import metric_text

# The good frames of `run_on_groups` give these: the sums of n by group.
BY_GROUP = SegmentGroup.by_value("g", values=["a", "b", "c"])


def metric(body: str, before: str = "") -> str:
    """A source whose calc_metric has this body; `which` is the frame's group, "" on the full frame."""
    imports = "import numpy as np\nimport pandas as pd\nfrom pyspark.sql import functions as F\n"
    return metric_text(textwrap.dedent(body), imports + textwrap.dedent(before))


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


def in_time(evaluate: Callable[[Limits], Run], limits: Limits, enough: Callable[[Run], bool]) -> Run:
    """A run whose time was enough for what is to come before its limit; a slow machine is given more.

    Args:
        evaluate: make the run under limits.
        limits: those of a quick machine.
        enough: whether what is not about the limit was done in time.
    """
    for factor in (1, 5, 25):
        given = replace(
            limits, frame_seconds=limits.frame_seconds * factor, wall_seconds=limits.wall_seconds * factor
        )
        run = evaluate(given)
        if enough(run):
            break
    return run


def was_limited(result: Result) -> bool:
    """Whether a result lacks its number because of a limit of time."""
    return result.error is not None and result.error.code in {"limit-frame-seconds", "limit-wall-seconds"}


def result_of_b(
    engine: Engine, source: str, rows: Dataset, limits: Limits | None = None, **options: Any
) -> Result:
    """What became of group b's frame, after checking that the others were not touched by it."""
    run = in_time(
        lambda given: run_on_groups(engine, source, rows, limits=given, **options),
        limits or Limits(),
        lambda run: len(run.results) == 4 and not any(was_limited(run.results[i]) for i in (0, 1, 3)),
    )
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
