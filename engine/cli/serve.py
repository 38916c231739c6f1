"""`calcmetric serve`, `worker` and `prune`: the HTTP service, and what runs beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click

from engine.cli import exits
from engine.cli.extra import service_module
from engine.cli.run import SERVER_ISOLATIONS
from engine.cli.values import parse_size

DATABASE: Final = "sqlite:///calcmetric.db"
_Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def option(*names: str, **more: Any) -> _Option:
    """An option that the environment may give as well: CALCMETRIC_ and its name."""
    word = next(name for name in names if name.startswith("--")).partition("/")[0].removeprefix("--")
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
        "--data-root", "data_roots", multiple=True, metavar="[ACCOUNT=]DIR",
        help="A folder, or a place such as s3://bucket/folder, that datasets of an account may be in; *=DIR "
        "for all accounts, DIR for the only one.  [default: this folder]",
    ),
    option(
        "--table", "tables", multiple=True, metavar="[ACCOUNT=]PATTERN",
        help="Tables that datasets of an account may name; likewise.",
    ),
    click.option(
        "--server-per-tenant", is_flag=True,
        help="Give each account a local server of its own, so that none ends or fills another's.",
    ),
    _shown("--calculations", 2, "Claims of work at a time; one account has half.", type=click.IntRange(1)),
    _shown("--backend", "spark", "As for calcmetric run."),
    _shown("--native/--no-native", True, "As for calcmetric run."),
    _shown(
        "--verify", 0.0, "Share of native answers for which Spark is asked as well.",
        type=click.FloatRange(0, 1),
    ),
    _shown(
        "--warm/--no-warm", True,
        "Whether Spark starts in the background, so that nobody who needs it waits for Java.",
    ),
    _shown(
        "--server-isolation", SERVER_ISOLATIONS[0], "As for calcmetric run.",
        type=click.Choice(SERVER_ISOLATIONS),
    ),
    option("--imports", multiple=True, metavar="NAME", help="As for calcmetric run."),
    _shown("--wall-seconds", 300.0, "Seconds of a run."),
    _shown("--frame-seconds", 60.0, "Seconds of one call of calc_metric."),
    _shown("--memory", "2GiB", "Memory of a worker process."),
    _shown("--engine-memory", "2GiB", "Memory of this process, for all accounts together."),
    option(
        "--native-memory", metavar="SIZE",
        help="Memory of the DuckDB process.  [default: half of what there is, 8GiB at most]",
    ),
    _shown("--spool-bytes", "16GiB", "Most of the data of object stores that is kept as files."),
    _shown("--tick-seconds", 5.0, "How often the schedule is looked at."),
    _shown("--lease-seconds", 30.0, "After how long without a sign of life others take over."),
    _shown("--attempts", 5, "How often work is tried before it is marked as poisoned."),
    option(
        "--webhook", "webhooks", multiple=True, metavar="URL",
        help="Beginning of URLs that rules may send to; may be repeated.  [default: none]",
    ),
    option(
        "--save-results", metavar="TARGET",
        help="A table that each result is appended to as well: delta:PATH or parquet:FOLDER.  "
        "[default: none]",
    ),
    option("--keep", metavar="400d", help="How long results and logs are kept.  [default: for ever]"),
)  # fmt: skip
_SERVER: Final = (
    _shown("--host", "127.0.0.1", "Address to listen on."),
    _shown("--port", 8000, "Port.", type=click.IntRange(1, 65535)),
    _shown("--requests-per-minute", 1_200, "Of one key, on all servers together."),
    _shown("--body-bytes", "1MiB", "The most that the body of a request may have."),
    _shown("--validations", 4, "Validations at a time; one account has half."),
    _shown("--connections", 512, "Connections at a time; a silent one makes room.", type=click.IntRange(1)),
    _shown("--idle-seconds", 20.0, "How long a client may take to send a request's head, and then its body."),
    option(
        "--values",
        type=click.IntRange(1),
        metavar="N",
        help="Series of newest values that /metrics shows to a key for values.  [default: none]",
    ),
    option(
        "--otlp", metavar="URL", help="Collector that those values are sent to: http://HOST:4318/v1/metrics."
    ),
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
    options["engine_memory"] = parse_size(options["engine_memory"])
    options["spool_bytes"] = parse_size(options["spool_bytes"])
    if options["native_memory"]:
        options["native_memory"] = parse_size(options["native_memory"])
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
