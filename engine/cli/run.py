"""`calcmetric run`: its options. The work is in `running`, which imports what takes time."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.light import loading, skip_client_check, skip_pandas_check
from engine.models.backends import capabilities_of
from engine.opened import check_opened
from engine.pool.pool import WorkerPool
from engine.pool.science import may_use_science

if TYPE_CHECKING:
    from engine.runs.ahead import Ahead

# As `Engine(server_isolation=...)`, which is imported when it is used.
SERVER_ISOLATIONS = ("files-and-network", "files-only")
INPUT_FORMATS = ("csv", "json", "parquet", "arrow")
_PATH = click.Path(exists=True, dir_okay=False, path_type=Path)

imports_option = click.option(
    "--imports",
    multiple=True,
    metavar="NAME",
    help="A module or package that metrics may import as well; standard: the standard library's pure ones.",
)


@click.command()
@click.argument("metrics", nargs=-1, required=True, type=_PATH, metavar="METRIC.py...")
@click.option(
    "--data",
    required=True,
    multiple=True,
    help="Path, glob or (on a cluster, in Snowflake) table to read; - for standard input. Several add up.",
)
@click.option("--input-format", type=click.Choice(INPUT_FORMATS), help="What standard input holds.")
@click.option("--csv-header/--csv-no-header", default=None, help="Whether CSV files begin with names.")
@click.option("--csv-separator", metavar="CHAR", help="Between the values of CSV files; tab for a tab.")
@click.option("--csv-encoding", metavar="NAME", help="Of CSV and JSON files.  [default: utf-8]")
@click.option("--csv-quote", metavar="CHAR", help="Around values of CSV files; '' for none.  [default: \"]")
@click.option("--timestamp", metavar="COL", help="Column that says when a row happened.")
@click.option("--retention", metavar="90d", help="How far back from --as-of the data is looked at.")
@click.option("--from", "start", metavar="TIME", help="First instant of the range: with its zone, or --zone.")
@click.option("--to", "end", metavar="TIME", help="First instant after the time range.")
@click.option("--last", metavar="7d", help="Time range of this length that ends at --as-of.")
@click.option("--as-of", metavar="TIME", help="What 'now' is for this run; by default the clock's time.")
@click.option("--every", metavar="1d", help="Tile the range with windows of this length: h, d, w, M.")
@click.option(
    "--zone", metavar="ZONE", help="Zone of windows, of zoneless data and of zoneless times.  [default: UTC]"
)
@click.option("--by", multiple=True, metavar="COL", help="Each value of a column its own segment.")
@click.option("--top", default=100, show_default=True, help="Values of a --by column at most.")
@click.option("--buckets", multiple=True, metavar="COL=18,25,40", help="Half-open ranges of a column.")
@click.option("--where", multiple=True, metavar="LABEL=EXPR", help="Rows for which an expression is true.")
@click.option("--cross", multiple=True, metavar="A,B", help="Products of two columns or groups.")
@click.option(
    "--param", multiple=True, metavar="NAME=VALUE", help="A parameter of calc_metric, instead of its default."
)
@click.option(
    "--baseline",
    metavar="DATA|previous|first:30d",
    help="What calc_metric(df, baseline) compares with: other data, the window before, or the first stretch.",
)
@click.option(
    "--baseline-timestamp",
    metavar="COL",
    help="Column of that DATA that says when a row happened; looked at, and nothing is cut by it.",
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
    help="Whether DuckDB answers, in front of the backend spark, what it is proven to answer as Spark does.",
)
@click.option(
    "--verify",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Share of native answers for which Spark is asked as well, after the run.  [default: 0]",
)
@click.option(
    "--native-memory", metavar="SIZE", help="Memory of the DuckDB process.  [default: half, 8GiB at most]"
)
@click.option(
    "--spool-bytes",
    metavar="SIZE",
    default="16GiB",
    show_default=True,
    help="Most of the data of object stores that is kept as files.",
)
@click.option(
    "--server-isolation",
    type=click.Choice(SERVER_ISOLATIONS),
    default=SERVER_ISOLATIONS[0],
    help="What of a local server has to be confined; files-only gives up its network.",
)
@imports_option
@click.option("--timeout", type=float, default=300.0, show_default=True, help="Seconds for the run.")
@click.option("--frame-timeout", type=float, help="Seconds for one call of calc_metric.  [default: 60]")
@click.option("--cpu-timeout", type=float, help="Processor seconds of a worker.  [default: as --timeout]")
@click.option("--memory", default="2GiB", show_default=True, help="Memory of a worker.")
@click.option("--fetch-rows", default=5_000_000, show_default=True, help="Rows that one frame may fetch.")
@click.option("--fetch-size", default="1GiB", show_default=True, help="Size of what one frame may fetch.")
@click.option("--requests", default=200, show_default=True, help="Requests that one frame may send.")
@click.option("--print-size", default="64KiB", show_default=True, help="What is kept of a frame's print.")
@click.option("--source-size", default="256KiB", show_default=True, help="Size that a METRIC may have.")
@click.option("--no-fuse", is_flag=True, help="Ask for each frame by itself: slower, for comparison.")
@click.option("--dry-run", is_flag=True, help="Show the frames and their rows; run nothing.")
@click.option("--explain", is_flag=True, help="With --dry-run: show what is asked, and why Spark is needed.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print."
)
@click.option(
    "--save",
    multiple=True,
    metavar="TARGET",
    help="Save the runs, too: to a file (.html, .png, .svg, .json, .csv or .parquet, by the ending), or "
    "appended to a table: delta:PATH, parquet:FOLDER, also s3:// and so on.",
)
@click.option("--report", metavar="FILE.html", help="Save a report of the runs: one file, without network.")
def run(
    metrics: Sequence[Path],
    data: Sequence[str],
    input_format: str | None,
    backend: str,
    dry_run: bool,
    form: str,
    **options: Any,
) -> int:
    """Run each METRIC on the data, all of it and every segment, and print the numbers."""
    options["imports"] = check_opened(options["imports"])
    pool = WorkerPool("landlock", imports=options["imports"])
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


def start_duckdb(data: Sequence[str], backend: str, options: Mapping[str, Any]) -> Ahead | None:
    """Start the DuckDB process that plain files will need, beside the imports; None: it starts later."""
    from engine.cli.data import are_files, read_beside, roots_of
    from engine.runs.ahead import start_ahead

    read = read_beside(data, options)
    if (
        not capabilities_of(backend).is_own_spark
        or not options["native"]
        or options["native_memory"]
        or not are_files(read)
    ):
        return None
    roots = tuple(Path(root).resolve() for root in roots_of(read))
    return start_ahead(roots, files_only=options["server_isolation"] == "files-only")
