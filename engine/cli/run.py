"""`calcmetric run`: its options. The work is in `running`, which imports what takes time."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from engine.cli.light import loading, skip_client_check, skip_pandas_check
from engine.cli.run_options import RunCommandOptions
from engine.cli.sizes import show_size
from engine.models.backends import capabilities_of
from engine.models.isolation import DEFAULT_ISOLATION, FILES_ONLY, SERVER_ISOLATIONS
from engine.models.urls import SPOOL_BYTES
from engine.pool.opened import check_opened
from engine.pool.pool import WorkerPool
from engine.pool.science import may_use_science
from sandbox.contract.limits import Limits

if TYPE_CHECKING:
    from engine.runs.prestart import PrestartedDuckDb

INPUT_FORMATS = ("csv", "json", "parquet", "arrow")
_LIMITS = Limits()
_PATH = click.Path(exists=True, dir_okay=False, path_type=Path)

imports_option = click.option(
    "--imports",
    multiple=True,
    metavar="NAME",
    help="Another module or package that metrics may import; standard: the standard library's pure modules.",
)


@click.command()
@click.argument("metrics", nargs=-1, required=True, type=_PATH, metavar="METRIC.py...")
@click.option(
    "--data",
    required=True,
    multiple=True,
    help="Path, glob or (on a cluster, in Snowflake) table to read; - for standard input. May be repeated.",
)
@click.option("--input-format", type=click.Choice(INPUT_FORMATS), help="Format of standard input.")
@click.option(
    "--csv-header/--csv-no-header",
    default=None,
    help="Whether the first line of CSV files holds the column names.",
)
@click.option("--csv-separator", metavar="CHAR", help="Separator of CSV files; tab for a tab.")
@click.option("--csv-encoding", metavar="NAME", help="Encoding of CSV and JSON files.  [default: utf-8]")
@click.option("--csv-quote", metavar="CHAR", help="Quote character of CSV files; '' for none.  [default: \"]")
@click.option("--timestamp", metavar="COL", help="Column that holds the time of a row.")
@click.option(
    "--retention", metavar="90d", help="Ignore rows that are older than this, counted back from --as-of."
)
@click.option(
    "--from", "start", metavar="TIME", help="Start of the time range, with its offset or in --zone."
)
@click.option("--to", "end", metavar="TIME", help="End of the time range, which is excluded.")
@click.option("--last", metavar="7d", help="Time range of this length, ending at --to or --as-of.")
@click.option("--as-of", metavar="TIME", help="The 'now' of this run.  [default: the current time]")
@click.option(
    "--every", metavar="1d", help="Cut the time range into windows of this length, in h, d, w or M (months)."
)
@click.option(
    "--zone",
    metavar="ZONE",
    help="Time zone of windows, and of data and options that have none.  [default: UTC]",
)
@click.option("--by", multiple=True, metavar="COL", help="Make one segment per value of a column.")
@click.option("--top", default=100, show_default=True, help="Maximum number of values per --by column.")
@click.option(
    "--buckets",
    multiple=True,
    metavar="COL=18,25,40",
    help="Make one segment per half-open range of a column.",
)
@click.option(
    "--where",
    multiple=True,
    metavar="LABEL=EXPR",
    help="Make a segment of the rows for which an expression is true.",
)
@click.option(
    "--cross", multiple=True, metavar="A,B", help="Make one segment per combination of two columns or groups."
)
@click.option("--param", multiple=True, metavar="NAME=VALUE", help="Set a parameter of calc_metric.")
@click.option(
    "--baseline",
    metavar="DATA|previous|first:30d",
    help="What calc_metric(df, baseline) compares with: other data, the previous window or the first period.",
)
@click.option(
    "--baseline-timestamp",
    metavar="COL",
    help="Timestamp column of the baseline data; checked, not used to filter.",
)
@click.option(
    "--backend",
    default="spark",
    show_default=True,
    help="spark, sc://host:port, duckdb or snowflake://CONNECTION.",
)
@click.option(
    "--native/--no-native",
    default=True,
    show_default=True,
    help="With --backend spark: let DuckDB answer what it is proven to answer exactly as Spark does.",
)
@click.option(
    "--verify",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Share of native answers that are checked against Spark after the run.  [default: 0]",
)
@click.option(
    "--native-memory",
    metavar="SIZE",
    help="Memory limit of the DuckDB process.  [default: half of the memory, 8GiB at most]",
)
@click.option(
    "--spool-bytes",
    metavar="SIZE",
    default=show_size(SPOOL_BYTES),
    show_default=True,
    help="Maximum disk space for data fetched from object stores.",
)
@click.option(
    "--server-isolation",
    type=click.Choice(SERVER_ISOLATIONS),
    default=SERVER_ISOLATIONS[0],
    help="What local servers are confined from; files-only leaves their network open.",
)
@imports_option
@click.option(
    "--timeout",
    type=float,
    default=_LIMITS.wall_seconds,
    show_default=True,
    help="Time limit of the run, in seconds.",
)
@click.option(
    "--frame-timeout",
    type=float,
    help=f"Time limit of one call of calc_metric, in seconds.  [default: {_LIMITS.frame_seconds:g}]",
)
@click.option(
    "--cpu-timeout", type=float, help="Processor time of a worker, in seconds.  [default: --timeout]"
)
@click.option(
    "--memory", default=show_size(_LIMITS.memory_bytes), show_default=True, help="Memory limit of a worker."
)
@click.option(
    "--fetch-rows",
    default=_LIMITS.fetched_rows,
    show_default=True,
    help="Maximum number of rows that a frame may fetch.",
)
@click.option(
    "--fetch-size",
    default=show_size(_LIMITS.fetched_bytes),
    show_default=True,
    help="Maximum size of what a frame may fetch.",
)
@click.option(
    "--requests",
    default=_LIMITS.plans,
    show_default=True,
    help="Maximum number of requests that a frame may send.",
)
@click.option(
    "--print-size",
    default=show_size(_LIMITS.printed_bytes),
    show_default=True,
    help="How much of a frame's printed text is kept.",
)
@click.option(
    "--source-size",
    default=show_size(_LIMITS.source_bytes),
    show_default=True,
    help="Maximum size of a METRIC.",
)
@click.option("--no-fuse", is_flag=True, help="Query each frame separately: slower, for comparison.")
@click.option("--dry-run", is_flag=True, help="Show the frames and their rows; run nothing.")
@click.option("--explain", is_flag=True, help="With --dry-run: show each query, and why it needs Spark.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", help="Output format."
)
@click.option(
    "--save",
    multiple=True,
    metavar="TARGET",
    help="Also save the runs to a file (.html, .png, .svg, .json, .csv or .parquet, by its ending), or "
    "append them to a table: delta:PATH or parquet:FOLDER, also in s3://, gs:// or abfs://.",
)
@click.option(
    "--report", metavar="FILE.html", help="Save a report of the runs: one file that opens without a network."
)
def run(
    metrics: Sequence[Path],
    data: Sequence[str],
    input_format: str | None,
    backend: str,
    dry_run: bool,
    form: str,
    **options: Unpack[RunCommandOptions],
) -> int:
    """Run each METRIC on all of the data and on every segment, and print the numbers."""
    options["imports"] = check_opened(options["imports"])
    pool = WorkerPool(DEFAULT_ISOLATION, imports=options["imports"])
    science = any(may_use_science(path.read_bytes()) for path in metrics)
    # Beside the imports, which take as long as it does.
    pool.start(capabilities_of(backend).frames, science=science)
    skip_client_check()
    with loading():
        skip_pandas_check()
        from engine.cli.data import opened_input

    with contextlib.ExitStack() as stack:
        try:
            paths = stack.enter_context(opened_input(data, input_format, backend))
            ahead = start_duckdb(paths, backend, options)
        except BaseException:
            pool.close()
            raise
        with loading():
            from engine.cli.running import run_metrics

        return run_metrics(pool, ahead, metrics, paths, backend, dry_run=dry_run, form=form, options=options)


def start_duckdb(data: Sequence[str], backend: str, options: RunCommandOptions) -> PrestartedDuckDb | None:
    """Start the DuckDB process that plain files will need, beside the imports; None: it starts later."""
    from engine.cli.data import are_files, read_beside, roots_of
    from engine.runs.prestart import prestart_duckdb

    read = read_beside(data, options)
    if (
        not capabilities_of(backend).is_own_spark
        or not options["native"]
        or options["native_memory"]
        or not are_files(read)
    ):
        return None
    roots = tuple(Path(root).resolve() for root in roots_of(read))
    return prestart_duckdb(roots, files_only=options["server_isolation"] == FILES_ONLY)
