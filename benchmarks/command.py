"""How a benchmark becomes a command."""

from __future__ import annotations

from collections.abc import Callable

import click

backend_option = click.option(
    "--backend",
    "backends",
    multiple=True,
    default=("spark",),
    show_default=True,
    help="Which backends; may be given several times.",
)


def benchmark(name: str, rows: int) -> Callable[[Callable[..., None]], click.Command]:
    """A command with `--backend` and `--rows`.

    Args:
        name: of the command.
        rows: by default.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        size = click.option("--rows", default=rows, show_default=True, help="Rows of the data.")
        return click.command(name)(backend_option(size(function)))

    return decorate
