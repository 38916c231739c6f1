"""`calcmetric rules`: what is watched on the results of a metric of the HTTP service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click

from engine.cli import exits
from engine.cli.extra import service_extra
from engine.cli.serve import database_option, option

_WHAT: Final = ("above", "below", "changed_by")


def _of_metric(command: Callable[..., Any]) -> Callable[..., Any]:
    """What says which metric is meant."""
    for decorate in (
        database_option,
        click.option("--workspace", required=True, help="Workspace of the metric."),
        click.option("--account", required=True, help="Account of the metric."),
        click.argument("metric"),
    ):
        command = decorate(command)
    return command


@click.group()
def rules() -> None:
    """Rules on the results of a metric, which is named by its id."""


@rules.command("list")
@_of_metric
def list_rules(metric: str, account: str, workspace: str, database: str) -> int:
    """Show the rules of METRIC, with the state of each segment."""
    with service_extra():
        from engine.service.rules import rulebook
    for rule in rulebook.list_rules(database, account, workspace, metric):
        [what] = [name for name in _WHAT if rule[name] is not None]
        click.echo("\t".join((rule["id"], rule["name"], f"{what}={rule[what]:g}", f"for={rule['for']}")))
        for one in rule["states"]:
            value = "" if one["value"] is None else f"{one['value']:.6g}"
            click.echo("\t".join(("", one["label"] or "all data", one["name"] or "", one["state"], value)))
    return exits.GOOD


@rules.command()
@_of_metric
@click.option("--name", required=True, help="Name of the rule.")
@click.option("--above", type=float, help="Crossed by a value above this.")
@click.option("--below", type=float, help="Crossed by a value below this.")
@click.option(
    "--changed-by",
    type=float,
    help="Crossed by a value that differs from the previous window's by at least this.",
)
@click.option(
    "--for",
    "windows",
    type=int,
    default=1,
    show_default=True,
    help="Number of windows in a row that have to cross it.",
)
@click.option(
    "--minimum-rows", type=int, default=0, show_default=True, help="Windows with fewer rows do not count."
)
@click.option("--overall", is_flag=True, help="Watch all data only, no segments.")
@click.option("--number", help="Name of the number to watch, if the metric gives several.  [default: each]")
@click.option("--url", help="URL of the webhook; it has to begin with a --webhook.")
@option("--webhook", "webhooks", multiple=True, metavar="URL", help="As in calcmetric serve.")
def add(
    metric: str, account: str, workspace: str, database: str, webhooks: tuple[str, ...], windows: int,
    overall: bool, **given: Any,
) -> int:  # fmt: skip
    """Add a rule to METRIC. Prints its id and the secret of its webhook, which is shown only once."""
    body = {name: value for name, value in given.items() if value is not None}
    body |= {"for": windows, "segments": "overall" if overall else "all"}
    with service_extra():
        from engine.service.rules import rulebook
    made = rulebook.add_rule(database, webhooks, account, workspace, metric, body)
    click.echo("\t".join(one for one in (made["id"], made["secret"]) if one))
    return exits.GOOD


@rules.command()
@_of_metric
@click.argument("rule")
def delete(metric: str, account: str, workspace: str, database: str, rule: str) -> int:
    """Delete RULE (its id) of METRIC. Pending deliveries are dropped."""
    with service_extra():
        from engine.service.rules import rulebook
    rulebook.delete_rule(database, account, workspace, metric, rule)
    click.echo(f"{rule} is deleted")
    return exits.GOOD
