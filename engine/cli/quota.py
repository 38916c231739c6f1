"""`calcmetric quota`: how much one account of the HTTP service may have."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from engine.cli import exits
from engine.cli.extra import service_extra
from engine.cli.serve import database_option
from engine.cli.sizes import parse_size
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.service.admission.quotas import Quotas

_DEFAULT: Final = "default"


@click.group()
def quota() -> None:
    """Limits of an account: models, metrics, bytes, work, validations, connections."""


@quota.command("set")
@click.argument("account")
@click.argument("quotas", nargs=-1, required=True, metavar="NAME=VALUE...")
@database_option
def set_quota(account: str, quotas: tuple[str, ...], database: str) -> int:
    """Set quotas of ACCOUNT, such as metrics=100 or bytes=64MiB; NAME=default restores the default.

    A running service applies them within seconds. What the account already has is kept.
    """
    wanted = dict(_parse(one) for one in quotas)
    with service_extra():
        from engine.service.admission import quotas as stored
    _show(stored.set_quotas(database, account, wanted))
    return exits.GOOD


@quota.command("show")
@click.argument("account")
@database_option
def show_quota(account: str, database: str) -> int:
    """Show the quotas of ACCOUNT."""
    with service_extra():
        from engine.service.admission import quotas as stored
    _show(stored.show_quotas(database, account))
    return exits.GOOD


def _parse(text: str) -> tuple[str, int | None]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"invalid quota {text!r}; write NAME=VALUE, such as metrics=100")
    if value == _DEFAULT:
        return name, None
    if name == "bytes":
        return name, parse_size(value)
    if not (value.isascii() and value.isdigit()):
        raise UsageError(f"invalid quota {text!r}: {value!r} is not a whole number")
    return name, int(value)


def _show(found: Quotas) -> None:
    for name, value in asdict(found).items():
        click.echo(f"{name}={value}")
