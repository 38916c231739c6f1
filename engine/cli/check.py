"""`calcmetric check`: compile only, and show every problem."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from rich.console import Console

from engine.cli import exits
from engine.cli.output import print_problem, problems_json
from engine.cli.run import imports_option
from engine.cli.values import parse_params
from engine.models.isolation import DEFAULT_ISOLATION
from engine.models.parameters import Written, bind, unused
from engine.pool.opened import check_opened
from engine.pool.pool import WorkerPool
from sandbox.contract.messages import Problem
from sandbox.contract.signature import Signature


@click.command()
@click.argument(
    "metrics",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="METRIC.py...",
)
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", help="Output format."
)
@click.option(
    "--param",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of calc_metric to check as well.",
)
@imports_option
def check(metrics: Sequence[Path], form: str, param: tuple[str, ...], imports: tuple[str, ...]) -> int:
    """Compile each METRIC and show every problem with its line, reason and fix. Nothing is run."""
    opened = check_opened(imports)
    params = parse_params(param, shared=len(metrics) > 1)
    pool = WorkerPool(DEFAULT_ISOLATION, imports=opened)
    try:
        pool.start("none")  # beside the imports
        from engine.runs.compiling import compile_source

        looked = {str(path): compile_source(pool, path.read_bytes(), opened, alone=True) for path in metrics}
    finally:
        pool.close()
    found = {path: problems for path, (problems, _) in looked.items()}
    signatures = {path: signature for path, (_, signature) in looked.items() if signature}
    unfit = _unfit(params, signatures)
    for path, problems in unfit.items():
        found[path] = (*found[path], *problems)
    if form == "json":
        click.echo(problems_json(found))
    else:
        console = Console(file=sys.stdout)
        for path, problems in found.items():
            for problem in problems:
                print_problem(console, problem, path)
            if not problems:
                console.print(f"{path}: no problems", highlight=False)
    if len(signatures) < len(metrics):
        return exits.REFUSED
    return exits.USAGE if any(unfit.values()) else exits.GOOD


def _unfit(
    params: Mapping[str, Written], signatures: Mapping[str, Signature]
) -> dict[str, tuple[Problem, ...]]:
    """What is wrong with parameters, by the file that declares them, of files that have no other errors."""
    bound = {path: bind(signature, params) for path, signature in signatures.items()}
    found = {path: problems for path, (_, problems) in bound.items()}
    if bound and (surplus := unused([one for one, _ in bound.values()])):
        found[next(iter(found))] += surplus
    return found
