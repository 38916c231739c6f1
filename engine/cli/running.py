"""What `calcmetric run` does: metrics over a dataset, its segments and windows."""

from __future__ import annotations

import contextlib
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from engine.api import Engine
from engine.cli import exits
from engine.cli.output import escape, print_problem, print_table, problems_json, runs_csv, runs_json
from engine.cli.progress import ProgressBar
from engine.cli.values import parse_buckets, parse_cross, parse_size, parse_where
from engine.errors import SourceRefused, SourcesRefused, UsageError
from engine.models.dataset import Dataset
from engine.models.durations import parse_duration, parse_instant
from engine.models.result import GOOD
from engine.models.run import Run
from engine.models.segments import SegmentGroup
from engine.models.time_range import TimeRange
from engine.pool.pool import WorkerPool
from engine.runs.options import RunOptions
from sandbox.contract.limits import Limits
from sandbox.contract.messages import Problem

_CACHE_SECONDS: Final = 30.0


def run_metrics(
    pool: WorkerPool,
    metrics: Sequence[Path],
    data: str,
    backend: str,
    *,
    dry_run: bool,
    form: str,
    options: dict[str, Any],
) -> int:
    """Run each metric on the data, print, and return the exit status.

    Args:
        pool: a pool of workers that is starting; taken over.
        metrics: files with a source each.
        data: path, glob or table.
        backend: as for `Engine`.
        dry_run: only show the frames and their rows.
        form: "table", "json" or "csv".
        options: the other options of the command, by name.
    """
    try:
        settings = _make_options(options)
        dataset = Dataset(data, timestamp=options["timestamp"], retention=options["retention"])
        engine = Engine(backend, roots=_roots_of(data), pool=pool)
    except BaseException:
        pool.close()
        raise
    out, err = Console(file=sys.stdout), Console(stderr=True)
    with engine:
        if dry_run:
            return _print_plans(out, engine, metrics, dataset, settings, form)
        named = _name(metrics)
        try:
            runs = _run_all(engine, named, dataset, settings, err)
        except SourcesRefused as refused:
            _print_problems(out, {str(named[name]): found for name, found in refused.by_metric.items()}, form)
            return exits.REFUSED
        _print_runs(out, runs, form)
        _wait_caches(engine, err)
    good = all(result.status in GOOD for run in runs for result in run.results)
    return exits.GOOD if good else exits.FRAMES


def _wait_caches(engine: Engine, err: Console) -> None:
    """The first start on a machine builds an archive that later ones are twice as fast with."""
    if not engine.wait_caches(0):
        err.print("[dim]making later starts faster, once; Ctrl-C skips it[/]")
        with contextlib.suppress(KeyboardInterrupt):
            engine.wait_caches(_CACHE_SECONDS)


def _name(metrics: Sequence[Path]) -> dict[str, Path]:
    """The files by the names of their metrics; files of one name in several folders keep their paths."""
    stems = Counter(path.stem for path in metrics)
    return {path.stem if stems[path.stem] == 1 else str(path): path for path in metrics}


def _run_all(
    engine: Engine, metrics: dict[str, Path], dataset: Dataset, settings: RunOptions, err: Console
) -> tuple[Run, ...]:
    title = next(iter(metrics)) if len(metrics) == 1 else f"{len(metrics)} metrics"
    with ProgressBar(err, title) as bar:
        options = settings.copy()
        options["on_progress"] = bar.update
        sources = {name: path.read_bytes() for name, path in metrics.items()}
        return engine.evaluate_many(sources, dataset, **options)


def _make_options(options: dict[str, Any]) -> RunOptions:
    limits = _make_limits(options["timeout"], parse_size(options["memory"]))
    as_of = parse_instant(options["as_of"], what="--as-of") if options["as_of"] else datetime.now(UTC)
    settings = RunOptions(
        segments=_make_segments(options),
        time=_make_range(options),
        every=options["every"],
        zone=options["zone"],
        limits=limits,
        fuse=not options["no_fuse"],
    )
    # The clock is read only where something counts from now.
    if options["as_of"] or options["retention"] or options["last"] or options["every"]:
        settings["as_of"] = as_of
    return settings


def _make_limits(timeout: float, memory: int) -> Limits:
    try:
        return Limits(
            wall_seconds=timeout,
            frame_seconds=min(timeout, Limits().frame_seconds),
            memory_bytes=memory,
        )
    except ValueError as error:
        raise UsageError(f"--timeout, --memory: {error}") from None


def _make_range(options: dict[str, Any]) -> TimeRange | None:
    start, end, last = options["start"], options["end"], options["last"]
    if last and start:
        raise UsageError("give --from or --last, not both")
    if last:
        length = parse_duration(last, what="--last")
        return (
            TimeRange(end=parse_instant(end, what="--to"), length=length) if end else TimeRange.last(length)
        )
    if start or end:
        return TimeRange(
            start=parse_instant(start, what="--from") if start else None,
            end=parse_instant(end, what="--to") if end else None,
        )
    return None


def _make_segments(options: dict[str, Any]) -> list[SegmentGroup]:
    top = options["top"]
    named: dict[str, SegmentGroup] = {field: SegmentGroup.by_value(field, top=top) for field in options["by"]}
    groups = list(named.values())
    for text in options["buckets"]:
        group = parse_buckets(text)
        named.setdefault(text.partition("=")[0].strip(), group)
        groups.append(group)
    groups += [parse_where(text) for text in options["where"]]
    groups += [parse_cross(text, named, top) for text in options["cross"]]
    return groups


def _roots_of(data: str) -> tuple[str, ...]:
    """The folder that the local server must read: that of the data, up to the first glob character."""
    fixed = data.removeprefix("file://").split("*")[0].split("?")[0].split("[")[0]
    path = Path(fixed).expanduser()
    folder = path if path.is_dir() else path.parent
    return (os.fspath(folder.resolve()),)


def _print_plans(
    out: Console, engine: Engine, metrics: Sequence[Path], dataset: Dataset, settings: RunOptions, form: str
) -> int:
    for path in metrics:
        try:
            plan = engine.plan(path.read_bytes(), dataset, **settings)
        except SourceRefused as refused:
            _print_problems(out, {str(path): refused.problems}, form)
            return exits.REFUSED
        data = {"metric": path.stem, **plan.to_dict()}
        if form == "table":
            for frame, rows in zip(plan.frames, plan.rows, strict=True):
                name = escape(str(frame.segment or "all data"))
                out.print(f"{name}  {frame.window or ''}  {rows:,} rows", highlight=False)
            out.print(f"{len(plan.frames):,} frames, about {plan.queries:,} queries")
        else:
            out.print_json(data=data)
    return exits.GOOD


def _print_runs(out: Console, runs: Sequence[Run], form: str) -> None:
    if form == "json":
        click.echo(runs_json(runs))
    elif form == "csv":
        click.echo(runs_csv(runs), nl=False)
    else:
        for finished in runs:
            print_table(out, finished)


def _print_problems(out: Console, by_path: Mapping[str, Sequence[Problem]], form: str) -> None:
    if form == "json":
        click.echo(problems_json(by_path))
        return
    for path, problems in by_path.items():
        for problem in problems:
            print_problem(out, problem, path)
