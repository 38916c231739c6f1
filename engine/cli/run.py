"""`calcmetric run`: its options. The work is in `running`, which imports what takes time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from engine.pool.pool import WorkerPool

_PATH = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("metrics", nargs=-1, required=True, type=_PATH, metavar="METRIC.py...")
@click.option("--data", required=True, help="Path, glob or (on a cluster, in Snowflake) table to read.")
@click.option("--timestamp", metavar="COL", help="Column that says when a row happened.")
@click.option("--retention", metavar="90d", help="How far back from --as-of the data is looked at.")
@click.option("--from", "start", metavar="TIME", help="First instant of the time range, with its zone.")
@click.option("--to", "end", metavar="TIME", help="First instant after the time range, with its zone.")
@click.option("--last", metavar="7d", help="Time range of this length that ends at --as-of.")
@click.option("--as-of", metavar="TIME", help="What 'now' is for this run; by default the clock's time.")
@click.option("--every", metavar="1d", help="Tile the range with windows of this length: h, d, w, M.")
@click.option("--zone", default="UTC", show_default=True, help="Zone of windows and of zoneless times.")
@click.option("--by", multiple=True, metavar="COL", help="Each value of a column its own segment.")
@click.option("--top", default=100, show_default=True, help="Values of a --by column at most.")
@click.option("--buckets", multiple=True, metavar="COL=18,25,40", help="Half-open ranges of a column.")
@click.option("--where", multiple=True, metavar="LABEL=EXPR", help="Rows for which an expression is true.")
@click.option("--cross", multiple=True, metavar="A,B", help="Products of two columns or groups.")
@click.option(
    "--backend",
    default="spark",
    show_default=True,
    help="spark, sail, sc://host:port, duckdb or snowflake://CONNECTION.",
)
@click.option("--timeout", type=float, default=300.0, show_default=True, help="Seconds for the run.")
@click.option("--memory", default="2GiB", show_default=True, help="Memory of a worker.")
@click.option("--no-fuse", is_flag=True, help="Ask for each frame by itself: slower, for comparison.")
@click.option("--dry-run", is_flag=True, help="Show the frames and their rows; run nothing.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print."
)
def run(metrics: Sequence[Path], data: str, backend: str, dry_run: bool, form: str, **options: Any) -> int:
    """Run each METRIC on the data, all of it and every segment, and print the numbers."""
    pool = WorkerPool("landlock")
    snowpark = backend == "duckdb" or backend.startswith("snowflake://")
    pool.start("snowpark" if snowpark else "spark")  # beside the imports, which take as long as it does
    from engine.cli.running import run_metrics

    return run_metrics(pool, metrics, data, backend, dry_run=dry_run, form=form, options=options)
