"""`calcmetric keys`: the API keys of the HTTP service."""

from __future__ import annotations

import click

from engine.cli import exits
from engine.cli.extra import service_module


@click.group()
def keys() -> None:
    """API keys of the HTTP service."""


@keys.command()
@click.option("--account", required=True, help="Whose key it is.")
@click.option("--workspace", required=True, help="The workspace that it opens.")
@click.option(
    "--database", default="sqlite:///calcmetric.db", show_default=True, help="The service's database."
)
def create(account: str, workspace: str, database: str) -> int:
    """Make a key, and print it. It is shown this once: only its digest is kept."""
    click.echo(service_module("serve").create_key(database, account, workspace))
    return exits.GOOD
