"""What `calcmetric run` does: metrics over a dataset, its segments and windows."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from engine.api import Engine
from engine.cli import exits
from engine.cli.data import make_baseline, make_dataset, read_beside, roots_of
from engine.cli.output import escape, print_problem, print_table, problems_json
from engine.cli.progress import ProgressBar
from engine.cli.run_options import RunCommandOptions
from engine.cli.sizes import parse_size
from engine.cli.values import parse_buckets, parse_cross, parse_params, parse_where
from engine.display.saving import check_target, save_runs
from engine.errors import ParamsRefused, SourceRefused, SourcesRefused, UsageError
from engine.models.dataset import Dataset
from engine.models.durations import parse_duration, parse_instant, parse_zone
from engine.models.metric import Metric
from engine.models.parameters import Written, no_parameters
from engine.models.result import GOOD
from engine.models.run import Run
from engine.models.segments import SegmentGroup
from engine.models.targets import TableTarget
from engine.models.time_range import TimeRange
from engine.pool.pool import WorkerPool
from engine.results.tables import runs_csv, runs_json
from engine.runs.options import RunOptions
from engine.runs.plan import RunPlan
from engine.runs.prestart import PrestartedDuckDb
from engine.wording import worded
from sandbox.contract.limits import Limits
from sandbox.contract.messages import Problem

# For how long a run waits, after its end, until Spark has been asked as well.
_VERIFY_SECONDS: Final = 300.0


def run_metrics(
    pool: WorkerPool,
    ahead: PrestartedDuckDb | None,
    metrics: Sequence[Path],
    data: Sequence[str],
    backend: str,
    *,
    dry_run: bool,
    form: str,
    options: RunCommandOptions,
) -> int:
    """Run each metric on the data, print, and return the exit status.

    Args:
        pool: a pool of workers that is starting; taken over.
        ahead: a DuckDB process that is starting; taken over.
        metrics: files with a source each.
        data: paths, globs or a table.
        backend: as for `Engine`.
        dry_run: only show the frames and their rows.
        form: "table", "json" or "csv".
        options: the other options of the command, by name.
    """
    try:
        if options["explain"] and not dry_run:
            raise UsageError("--explain needs --dry-run; a finished run has it in its report: --format json")
        targets = make_targets(options["save"], options["report"], dry_run=dry_run)
        settings = _make_options(options)
        params = parse_params(options["param"], shared=len(metrics) > 1)
        dataset = make_dataset(data, options)
        if (baseline := make_baseline(options)) is not None:
            settings["baseline"] = baseline
        engine = _make_engine(pool, ahead, data, backend, options)
    except BaseException:
        pool.close()
        if ahead is not None:
            ahead.end()
        raise
    out, err = Console(file=sys.stdout), Console(stderr=True)
    with engine:
        if dry_run:
            show = print_explained if options["explain"] else print_plan
            return _print_plans(out, engine, metrics, dataset, params, settings, form, show)
        named = _name(metrics)
        try:
            runs = _run_all(engine, named, dataset, params, settings, err)
        except (SourcesRefused, ParamsRefused) as refused:
            problems = {str(named[name]): found for name, found in refused.by_metric.items()}
            _print_problems(out, problems, form)
            return exits.REFUSED if isinstance(refused, SourcesRefused) else exits.USAGE
        _print_runs(out, runs, form)
        for target in targets:
            save_runs(runs, str(target), door="command")
            err.print(f"[dim]saved to {escape(str(target))}[/]", highlight=False, soft_wrap=True)
        same = not options["verify"] or _tell_verified(err, engine)
    if engine.train_caches():
        err.print("[dim]preparing faster starts of Spark in the background; this happens only once[/]")
    good = all(result.status in GOOD for run in runs for result in run.results)
    return exits.GOOD if good and same else exits.FRAMES


def _make_engine(
    pool: WorkerPool,
    ahead: PrestartedDuckDb | None,
    data: Sequence[str],
    backend: str,
    options: RunCommandOptions,
) -> Engine:
    return Engine(
        backend,
        roots=roots_of(read_beside(data, options)),
        pool=pool,
        ahead=ahead,
        server_isolation=options["server_isolation"],
        extra_imports=options["imports"],
        native=options["native"],
        verify=options["verify"],
        native_memory_bytes=parse_size(options["native_memory"]) if options["native_memory"] else None,
        spool_bytes=parse_size(options["spool_bytes"]),
    )


def _tell_verified(err: Console, engine: Engine) -> bool:
    """Say what came of asking Spark as well; whether nothing differed."""
    whole, found = engine.settle_verified(_VERIFY_SECONDS), engine.verified
    err.print(f"{found.equal + found.different} native answers were compared with Spark's;", end=" ")
    err.print(f"[red]{found.different} differ[/]" if found.different else "all are equal")
    if found.off:
        err.print(f"[red]now left to Spark: {escape(', '.join(found.off))}[/]")
    if not whole:
        err.print(f"[yellow]the rest could not be compared within {_VERIFY_SECONDS:g} s[/]")
    return not found.different


def _name(metrics: Sequence[Path]) -> dict[str, Path]:
    """The files by the names of their metrics; files of one name in several folders keep their paths."""
    stems = Counter(path.stem for path in metrics)
    return {path.stem if stems[path.stem] == 1 else str(path): path for path in metrics}


def _run_all(
    engine: Engine,
    metrics: dict[str, Path],
    dataset: Dataset,
    params: Mapping[str, Written],
    settings: RunOptions,
    err: Console,
) -> tuple[Run, ...]:
    title = next(iter(metrics)) if len(metrics) == 1 else f"{len(metrics)} metrics"
    with ProgressBar(err, title) as bar:
        options = settings.copy()
        options["on_progress"] = bar.update
        sources = {name: Metric(path.read_bytes(), params) for name, path in metrics.items()}
        return tuple(engine.evaluate_many(sources, dataset, **options).values())


def _make_options(options: RunCommandOptions) -> RunOptions:
    limits = make_limits(options)
    as_of = _instant(options["as_of"], options["zone"], "--as-of") or datetime.now(UTC)
    settings = RunOptions(
        segments=_make_segments(options),
        time=_make_range(options),
        every=options["every"],
        zone=options["zone"] or "UTC",
        limits=limits,
        fuse=not options["no_fuse"],
    )
    # The clock is read only where something counts from now.
    if options["as_of"] or options["retention"] or options["last"] or options["every"]:
        settings["as_of"] = as_of
    return settings


def make_limits(options: RunCommandOptions) -> Limits:
    """The limits of the command's options.

    Raises:
        UsageError: one is no positive number, or no size.
    """
    timeout, frame = options["timeout"], options["frame_timeout"]
    values: dict[str, Any] = {
        "wall_seconds": timeout,
        "frame_seconds": min(timeout, Limits().frame_seconds) if frame is None else frame,
        "cpu_seconds": options["cpu_timeout"],
        "memory_bytes": parse_size(options["memory"]),
        "fetched_rows": options["fetch_rows"],
        "fetched_bytes": parse_size(options["fetch_size"]),
        "plans": options["requests"],
        "printed_bytes": parse_size(options["print_size"]),
        "source_bytes": parse_size(options["source_size"]),
    }
    wrong = [name for name, value in values.items() if value is not None and not value > 0]
    if wrong:
        raise UsageError(worded(f"{{{wrong[0]}}} must be positive, not {values[wrong[0]]}"))
    return Limits(**values)


def _instant(text: str | None, zone: str | None, what: str) -> datetime | None:
    """An option's instant; without a zone of its own it is read in the one that was named, if one was."""
    if not text:
        return None
    return parse_instant(text, what=what, zone=parse_zone(zone) if zone else None)


def make_targets(save: Sequence[str], report: str | None, *, dry_run: bool) -> tuple[Path | TableTarget, ...]:
    """The files and tables that the runs are saved to, as `--save` and `--report` name them.

    Raises:
        UsageError: one of them cannot be saved to; said before anything runs.
    """
    if report and not report.lower().endswith(".html"):
        raise UsageError(f"--report writes HTML, so its name must end in .html, not {report!r}; see --save")
    targets = (*save, *([report] if report else []))
    if targets and dry_run:
        raise UsageError(
            "--save and --report cannot be used with --dry-run, which calculates nothing to save"
        )
    return tuple(check_target(target) for target in targets)


def _make_range(options: RunCommandOptions) -> TimeRange | None:
    last = options["last"]
    start = _instant(options["start"], options["zone"], "--from")
    end = _instant(options["end"], options["zone"], "--to")
    if last and start:
        raise UsageError("give --from or --last, not both")
    if last:
        length = parse_duration(last, what="--last")
        return TimeRange(end=end, length=length) if end else TimeRange.last(length)
    return TimeRange(start=start, end=end) if start or end else None


def _make_segments(options: RunCommandOptions) -> list[SegmentGroup]:
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


def _print_plans(
    out: Console,
    engine: Engine,
    metrics: Sequence[Path],
    dataset: Dataset,
    params: Mapping[str, Written],
    settings: RunOptions,
    form: str,
    show: Callable[[Console, str, RunPlan, str], None],
) -> int:
    plans: list[RunPlan] = []
    options = settings.copy()
    options["params"] = params
    for path in metrics:
        try:
            plans.append(engine.plan(path.read_bytes(), dataset, **options))
        except (SourceRefused, ParamsRefused) as refused:
            _print_problems(out, {str(path): refused.problems}, form)
            return exits.REFUSED if isinstance(refused, SourceRefused) else exits.USAGE
    if surplus := no_parameters(set(params).difference(*(plan.params for plan in plans))):
        _print_problems(out, {str(metrics[0]): surplus}, form)
        return exits.USAGE
    for path, plan in zip(metrics, plans, strict=True):
        show(out, path.stem, plan, form)
    return exits.GOOD


def print_explained(out: Console, metric: str, plan: RunPlan, form: str) -> None:
    """What a metric asks, and who answers that."""
    print_plan(out, metric, plan, form)
    if form != "table":
        return
    for one in plan.questions:
        times = f" ({one.times} times)" if one.times > 1 else ""
        by = "natively" if one.answered_by == "native" else f"by {one.answered_by}"
        why = f": {escape(one.reason)}" if one.reason else ""
        out.print(f"{escape(metric)} asks {escape(one.plan)}{times}, answered {by}{why}", highlight=False)
    if not plan.questions:
        out.print(f"{escape(metric)} runs no query on a frame without rows", highlight=False)


def print_plan(out: Console, metric: str, plan: RunPlan, form: str) -> None:
    """The frames of a run, with their rows, and how many queries it would make."""
    if form != "table":
        out.print_json(data={"metric": metric, **plan.to_dict()})
        return
    compared = [f", {rows:,} in the baseline" for rows in plan.baseline_rows] or [""] * len(plan.frames)
    for frame, rows, more in zip(plan.frames, plan.rows, compared, strict=True):
        name = escape(str(frame.segment or "all data"))
        out.print(f"{name}  {frame.window or ''}  {rows:,} rows{more}", highlight=False)
    out.print(f"{len(plan.frames):,} frames, about {plan.queries:,} queries")


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
