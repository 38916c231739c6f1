"""`calcmetric keys`: the API keys of the HTTP service."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import click

from engine.cli import exits
from engine.cli.extra import service_extra
from engine.cli.serve import database_option
from engine.errors import UsageError

_WATCHERS: Final = {"": "(operator)", "values": "(values)"}


@click.group()
def keys() -> None:
    """API keys of the HTTP service."""


@keys.command()
@click.option("--account", help="Account that the key belongs to.")
@click.option("--workspace", help="Workspace that the key gives access to.")
@click.option("--operator", is_flag=True, help="Make a key for operators: /metrics by account.")
@click.option("--values", is_flag=True, help="Make a key for the newest values of all accounts at /metrics.")
@database_option
def create(account: str | None, workspace: str | None, operator: bool, values: bool, database: str) -> int:
    """Create a key and print it. It is shown only once: the database keeps just its digest."""
    named = account is not None and workspace is not None
    if (account is None) != (workspace is None) or named + operator + values != 1:
        raise UsageError(
            "give --account and --workspace, or --operator, or --values, and only one of the three"
        )
    with service_extra():
        from engine.service.admission import keyring
    if account is not None and workspace is not None:
        made = keyring.create_key(database, account, workspace)
    elif operator:
        made = keyring.create_operator_key(database)
    else:
        made = keyring.create_values_key(database)
    click.echo(made)
    return exits.GOOD


@keys.command("list")
@click.option("--account", help="Show only the keys of this account.")
@database_option
def list_keys(account: str | None, database: str) -> int:
    """List the keys, with the ids that `revoke` takes."""
    with service_extra():
        from engine.service.admission import keyring
    known = keyring.list_keys(database, account)
    click.echo("\t".join(("id", "account", "workspace", "created", "revoked")))
    for key in known:
        click.echo(
            "\t".join(
                (
                    key.id,
                    key.account or _WATCHERS[key.workspace],
                    key.workspace if key.account else "",
                    _time(key.created_at),
                    _time(key.revoked_at),
                )
            )
        )
    return exits.GOOD


@keys.command()
@click.argument("key")
@database_option
def revoke(key: str, database: str) -> int:
    """Revoke KEY (the key or its id)."""
    with service_extra():
        from engine.service.admission import keyring
    revoked = keyring.revoke_key(database, key)
    owner = f"{revoked.account}/{revoked.workspace}" if revoked.account else _WATCHERS[revoked.workspace]
    click.echo(f"{revoked.id} of {owner} is revoked")
    return exits.GOOD


def _time(instant: datetime | None) -> str:
    return "" if instant is None else instant.isoformat(timespec="seconds")
