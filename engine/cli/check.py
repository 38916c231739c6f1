"""`calcmetric check`: compile only, and show every problem."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from engine.cli import exits
from engine.cli.output import print_problem, problems_json
from engine.pool.pool import WorkerPool


@click.command()
@click.argument("metric", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print problems."
)
def check(metric: Path, form: str) -> int:
    """Compile METRIC and show every problem with its line, reason and fix. Nothing of it runs."""
    pool = WorkerPool("landlock")
    try:
        pool.start()  # beside the imports
        from engine.runs.check import check_source

        problems = check_source(pool, metric.read_bytes())
    finally:
        pool.close()
    if form == "json":
        click.echo(problems_json({str(metric): problems}))
    else:
        console = Console(file=sys.stdout)
        for problem in problems:
            print_problem(console, problem, str(metric))
        if not problems:
            console.print(f"{metric}: no problems", highlight=False)
    return exits.REFUSED if any(problem.severity == "error" for problem in problems) else exits.GOOD
