"""`calcmetric serve`, `worker` and `prune`: the HTTP service, and what runs beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click

from engine.cli import exits
from engine.cli.extra import service_module
from engine.cli.values import parse_size

DATABASE: Final = "sqlite:///calcmetric.db"
_Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def option(*names: str, **more: Any) -> _Option:
    """An option that the environment may give as well: CALCMETRIC_ and its name."""
    word = next(name for name in names if name.startswith("--")).removeprefix("--")
    return click.option(*names, envvar="CALCMETRIC_" + word.upper().replace("-", "_"), **more)


def _shown(name: str, default: Any, text: str, **more: Any) -> _Option:
    return option(name, default=default, show_default=True, help=text, **more)


database_option = _shown(
    "--database", DATABASE, "URL of the database; one with a password is best kept in the environment."
)

# What a server and a worker share.
_SHARED: Final = (
    database_option,
    option(
        "--data-root", "data_roots", multiple=True, metavar="DIR",
        help="A folder, or the beginning of a URL, that datasets may be in.  [default: this folder]",
    ),
    option("--table", "tables", multiple=True, metavar="PATTERN", help="Tables that datasets may name."),
    _shown("--backend", "spark", "As for calcmetric run."),
    _shown("--wall-seconds", 300.0, "Seconds of a run."),
    _shown("--frame-seconds", 60.0, "Seconds of one call of calc_metric."),
    _shown("--memory", "2GiB", "Memory of a worker process."),
    _shown("--tick-seconds", 5.0, "How often the schedule is looked at."),
    _shown("--lease-seconds", 30.0, "After how long without a sign of life others take over."),
    _shown("--attempts", 5, "How often work is tried before it is marked as poisoned."),
    option("--keep", metavar="400d", help="How long results and logs are kept.  [default: for ever]"),
)  # fmt: skip
_SERVER: Final = (
    _shown("--host", "127.0.0.1", "Address to listen on."),
    _shown("--port", 8000, "Port.", type=click.IntRange(1, 65535)),
    _shown("--requests-per-minute", 1_200, "Of one key, on all servers together."),
    _shown("--body-bytes", "1MiB", "The most that the body of a request may have."),
    _shown("--validations", 4, "Validations at a time."),
    _shown("--poll-seconds", 1.0, "How long the poll of a pending validation waits for news."),
    click.option("--no-calculate", is_flag=True, help="Leave calculating to workers."),
)


def _with(*options: _Option) -> _Option:
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for one in reversed(options):
            command = one(command)
        return command

    return decorate


def make_settings(options: dict[str, Any]) -> Any:
    """The settings of the options."""
    service = service_module("settings")
    limits = {name: options.pop(name) for name in ("wall_seconds", "frame_seconds")}
    if "body_bytes" in options:
        options["body_bytes"] = parse_size(options["body_bytes"])
    return service.make_settings(memory_bytes=parse_size(options.pop("memory")), **limits, **options)


@click.command()
@_with(*_SERVER, *_SHARED)
def serve(host: str, port: int, no_calculate: bool, **options: Any) -> int:
    """Serve models, metrics, validation and results over HTTP; calculate what is due."""
    service = service_module("serve")
    service.serve(make_settings({**options, "calculate": not no_calculate}), host, port)
    return exits.GOOD


@click.command()
@click.option("--once", is_flag=True, help="End when nothing is due any more: for cron.")
@_with(*_SHARED)
def worker(once: bool, **options: Any) -> int:
    """Calculate what is due, beside servers on the same database."""
    service, settings = service_module("serve"), make_settings(options)
    if once:
        tally = service.work_once(settings)
        click.echo(f"{tally.planned} pieces of work planned, {tally.runs} run, {tally.results} results")
    else:
        service.work(settings)
    return exits.GOOD


@click.command()
@database_option
@click.option("--keep", required=True, metavar="400d", help="How long results and logs are kept.")
def prune(database: str, keep: str) -> int:
    """Delete results, logs and validations that are older than KEEP and than their model's retention."""
    count = service_module("serve").prune_now(database, keep)
    click.echo(f"{count} old rows deleted")
    return exits.GOOD
