"""`calcmetric test`: metrics on a few rows, and whether their numbers are those that were expected."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from engine.cli import exits
from engine.cli.output import escape
from engine.cli.run import imports_option
from engine.errors import CalcmetricError, UsageError
from engine.models.backends import capabilities_of
from engine.models.isolation import DEFAULT_ISOLATION
from engine.pool.opened import check_opened
from engine.pool.pool import WorkerPool
from engine.wording import said

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.cli.cases import Case


@click.command()
@click.argument(
    "places",
    nargs=-1,
    type=click.Path(exists=True, path_type=Path),
    metavar="[FOLDER | NAME.case.toml]...",
)
@click.option("--backend", default="spark", show_default=True, help="What runs the queries: spark or duckdb.")
@imports_option
def test(places: Sequence[Path], backend: str, imports: Sequence[str]) -> int:
    """Run the tests of metrics, by default those in the current folder: NAME.case.toml tests NAME.py."""
    opened = check_opened(imports)
    pool = WorkerPool(DEFAULT_ISOLATION, imports=opened)
    pool.start(capabilities_of(backend).frames)  # beside the imports
    try:
        from engine.api import Engine
        from engine.cli.cases import find_cases, read_cases

        paths = find_cases(places or (Path(),))
        if not paths:
            raise UsageError("no tests found; none of the folders has a file NAME.case.toml")
        cases = read_cases(paths)
        roots = tuple({case.path.parent for case in cases})
        engine = Engine(backend, roots=roots, pool=pool, extra_imports=opened)
    except BaseException:
        pool.close()
        raise
    with engine:
        failed = sum(not _passes(engine, case) for case in cases)
    Console(file=sys.stdout).print(f"{len(cases) - failed} passed, {failed} failed", highlight=False)
    return exits.FRAMES if failed else exits.GOOD


def _passes(engine: Engine, case: Case) -> bool:
    from engine.cli.cases import run_case

    out = Console(file=sys.stdout)
    try:
        wrong = run_case(engine, case)
    except CalcmetricError as error:
        wrong = (said(error, "command"),)
    out.print(f"{'FAILED' if wrong else 'passed'}  {escape(str(case.path))}", highlight=False)
    for line in wrong:
        out.print(f"    {escape(line)}", highlight=False, soft_wrap=True)
    return not wrong
