"""`calcmetric keys`: the API keys of the HTTP service."""

from __future__ import annotations

from typing import Any, Final

import click

from engine.cli import exits
from engine.cli.extra import service_module
from engine.cli.serve import database_option
from engine.errors import UsageError

_WATCHERS: Final = {"": "(operator)", "values": "(values)"}


@click.group()
def keys() -> None:
    """API keys of the HTTP service."""


@keys.command()
@click.option("--account", help="Whose key it is.")
@click.option("--workspace", help="The workspace that it opens.")
@click.option("--operator", is_flag=True, help="A key for what operators see: accounts at /metrics.")
@click.option("--values", is_flag=True, help="A key for the newest values of all accounts at /metrics.")
@database_option
def create(account: str | None, workspace: str | None, operator: bool, values: bool, database: str) -> int:
    """Make a key, and print it. It is shown this once: only its digest is kept."""
    named = (account is not None, workspace is not None)
    if named not in ((True, True), (False, False)) or all(named) + operator + values != 1:
        raise UsageError("a key is for --account and --workspace, for an --operator, or for --values")
    keyring = service_module("admission.keyring")
    if operator:
        made = keyring.create_operator_key(database)
    elif values:
        made = keyring.create_values_key(database)
    else:
        made = keyring.create_key(database, account, workspace)
    click.echo(made)
    return exits.GOOD


@keys.command("list")
@click.option("--account", help="Only the keys of this account.")
@database_option
def list_keys(account: str | None, database: str) -> int:
    """Show the keys that there are, by the ids that `revoke` takes."""
    known = service_module("admission.keyring").list_keys(database, account)
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
    """Let KEY, the key itself or its id, open nothing from now on."""
    revoked = service_module("admission.keyring").revoke_key(database, key)
    owner = f"{revoked.account}/{revoked.workspace}" if revoked.account else _WATCHERS[revoked.workspace]
    click.echo(f"{revoked.id} of {owner} is revoked")
    return exits.GOOD


def _time(instant: Any) -> str:
    return "" if instant is None else str(instant.isoformat(timespec="seconds"))
