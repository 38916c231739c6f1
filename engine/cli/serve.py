"""`calcmetric serve` and `calcmetric worker`: the HTTP service, and processes that calculate beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from engine.cli import exits
from engine.cli.extra import service_module

_DATABASE = "sqlite:///calcmetric.db"


def service_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that a server and a worker share."""
    options = (
        click.option("--database", default=_DATABASE, show_default=True, help="The database's URL."),
        click.option(
            "--data-root", "roots", multiple=True, metavar="DIR",
            help="A folder, or the beginning of a URL, that datasets may be in.  [default: this folder]",
        ),
        click.option("--table", "tables", multiple=True, metavar="PATTERN", help="Tables to allow."),
        click.option("--backend", default="spark", show_default=True, help="As for calcmetric run."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def make_settings(database: str, roots: Sequence[str], tables: Sequence[str], backend: str) -> Any:
    """The settings of the options."""
    settings: Any = service_module("settings").Settings
    return settings(
        database=database, data_roots=tuple(roots) or (".",), tables=tuple(tables), backend=backend
    )


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port.")
@service_options
def serve(
    host: str, port: int, database: str, roots: Sequence[str], tables: Sequence[str], backend: str
) -> int:
    """Serve models, metrics, validation and results over HTTP."""
    service = service_module("serve")
    service.serve(make_settings(database, roots, tables, backend), host, port)
    return exits.GOOD


@click.command()
@service_options
def worker(database: str, roots: Sequence[str], tables: Sequence[str], backend: str) -> int:
    """Calculate what is due, beside servers on the same database."""
    service_module("serve").work(make_settings(database, roots, tables, backend))
    return exits.GOOD
