"""`calcmetric keys`: the API keys of the HTTP service."""

from __future__ import annotations

from typing import Any

import click

from engine.cli import exits
from engine.cli.extra import service_module
from engine.cli.serve import database_option


@click.group()
def keys() -> None:
    """API keys of the HTTP service."""


@keys.command()
@click.option("--account", required=True, help="Whose key it is.")
@click.option("--workspace", required=True, help="The workspace that it opens.")
@database_option
def create(account: str, workspace: str, database: str) -> int:
    """Make a key, and print it. It is shown this once: only its digest is kept."""
    click.echo(service_module("keyring").create_key(database, account, workspace))
    return exits.GOOD


@keys.command("list")
@click.option("--account", help="Only the keys of this account.")
@database_option
def list_keys(account: str | None, database: str) -> int:
    """Show the keys that there are, by the ids that `revoke` takes."""
    click.echo("\t".join(("id", "account", "workspace", "created", "revoked")))
    for key in service_module("keyring").list_keys(database, account):
        click.echo(
            "\t".join((key.id, key.account, key.workspace, _time(key.created_at), _time(key.revoked_at)))
        )
    return exits.GOOD


@keys.command()
@click.argument("key")
@database_option
def revoke(key: str, database: str) -> int:
    """Let KEY, the key itself or its id, open nothing from now on."""
    revoked = service_module("keyring").revoke_key(database, key)
    click.echo(f"{revoked.id} of {revoked.account}/{revoked.workspace} is revoked")
    return exits.GOOD


def _time(instant: Any) -> str:
    return "" if instant is None else str(instant.isoformat(timespec="seconds"))
