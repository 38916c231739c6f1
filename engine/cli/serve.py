"""`calcmetric serve`, `worker` and `prune`: the HTTP service, and what runs beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click

from engine.cli import exits
from engine.cli.extra import service_module
from engine.cli.values import parse_size
from engine.models.isolation import SERVER_ISOLATIONS

DATABASE: Final = "sqlite:///calcmetric.db"
_Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def option(*names: str, **more: Any) -> _Option:
    """An option that the environment may give as well: CALCMETRIC_ and its name."""
    word = next(name for name in names if name.startswith("--")).partition("/")[0].removeprefix("--")
    return click.option(*names, envvar="CALCMETRIC_" + word.upper().replace("-", "_"), **more)


def _shown(name: str, default: Any, text: str, **more: Any) -> _Option:
    return option(name, default=default, show_default=True, help=text, **more)


database_option = _shown(
    "--database", DATABASE, "URL of the database; if it holds a password, set it in the environment."
)

# What a server and a worker share.
_SHARED: Final = (
    database_option,
    option(
        "--data-root", "data_roots", multiple=True, metavar="[ACCOUNT=]DIR",
        help="A folder, or a location such as s3://bucket/folder, that an account's datasets may be in; "
        "*=DIR for all accounts, DIR if there is only one.  [default: the current folder]",
    ),
    option(
        "--table", "tables", multiple=True, metavar="[ACCOUNT=]PATTERN",
        help="Tables that an account's datasets may name; *=PATTERN for all accounts, PATTERN if there is "
        "only one.",
    ),
    click.option(
        "--server-per-tenant", is_flag=True,
        help="Start a local server for each account, so that no account can crash or fill another's.",
    ),
    _shown(
        "--calculations", 2, "Calculations that run at the same time; one account gets at most half.",
        type=click.IntRange(1),
    ),
    _shown("--backend", "spark", "As in calcmetric run."),
    _shown("--native/--no-native", True, "As in calcmetric run."),
    _shown(
        "--verify", 0.0, "Share of native answers that are checked against Spark.",
        type=click.FloatRange(0, 1),
    ),
    _shown(
        "--warm/--no-warm", True,
        "Start Spark in the background, so that the first metric that needs it does not wait for Java.",
    ),
    _shown(
        "--server-isolation", SERVER_ISOLATIONS[0], "As in calcmetric run.",
        type=click.Choice(SERVER_ISOLATIONS),
    ),
    option("--imports", multiple=True, metavar="NAME", help="As in calcmetric run."),
    _shown("--wall-seconds", 300.0, "Time limit of a run, in seconds."),
    _shown("--frame-seconds", 60.0, "Time limit of one call of calc_metric, in seconds."),
    _shown("--memory", "2GiB", "Memory limit of a worker process."),
    _shown("--engine-memory", "2GiB", "Memory limit of this process, for all accounts together."),
    option(
        "--native-memory", metavar="SIZE",
        help="Memory limit of the DuckDB process.  [default: half of the machine's memory, at most 8GiB]",
    ),
    _shown("--spool-bytes", "16GiB", "Maximum disk space for data fetched from object stores."),
    _shown("--tick-seconds", 5.0, "How often to look for work that is due."),
    _shown("--lease-seconds", 30.0, "How long a worker may be silent before others take over its work."),
    _shown("--attempts", 5, "Number of attempts before work is marked as poisoned."),
    option(
        "--webhook", "webhooks", multiple=True, metavar="URL",
        help="URL prefix that rules may send to; may be repeated.  [default: none]",
    ),
    option(
        "--save-results", metavar="TARGET",
        help="A table to append each result to as well: delta:PATH or parquet:FOLDER.  "
        "[default: none]",
    ),
    option("--keep", metavar="400d", help="How long to keep results and logs.  [default: for ever]"),
)  # fmt: skip
_SERVER: Final = (
    _shown("--host", "127.0.0.1", "Address to listen on."),
    _shown("--port", 8000, "Port to listen on.", type=click.IntRange(1, 65535)),
    _shown(
        "--requests-per-minute", 1_200, "Requests per minute that one key may send, on all servers together."
    ),
    _shown("--body-bytes", "1MiB", "Maximum size of the body of a request."),
    _shown("--validations", 4, "Validations that run at the same time; one account gets at most half."),
    _shown(
        "--connections",
        512,
        "Maximum number of open connections; a silent one makes room for a new one.",
        type=click.IntRange(1),
    ),
    _shown(
        "--idle-seconds",
        20.0,
        "How long a client may take to send the headers of a request, and then the body.",
    ),
    option(
        "--values",
        type=click.IntRange(1),
        metavar="N",
        help="How many series of newest values /metrics shows to a key for values.  [default: none]",
    ),
    option(
        "--otlp", metavar="URL", help="Collector to send the newest values to: http://HOST:4318/v1/metrics."
    ),
    _shown("--poll-seconds", 1.0, "How long a poll waits for a pending validation to change."),
    click.option("--no-calculate", is_flag=True, help="Only serve; leave calculating to calcmetric worker."),
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
    """Serve models, metrics, validations and results over HTTP, and calculate what is due."""
    service = service_module("serve")
    service.serve(make_settings({**options, "calculate": not no_calculate}), host, port)
    return exits.GOOD


@click.command()
@click.option("--once", is_flag=True, help="Exit when nothing is due any more, for use with cron.")
@_with(*_SHARED)
def worker(once: bool, **options: Any) -> int:
    """Calculate what is due, beside servers that use the same database."""
    service, settings = service_module("serve"), make_settings(options)
    if once:
        tally = service.work_once(settings)
        click.echo(f"{tally.planned} pieces of work planned, {tally.runs} run, {tally.results} results")
    else:
        service.work(settings)
    return exits.GOOD


@click.command()
@database_option
@click.option("--keep", required=True, metavar="400d", help="How long to keep results and logs.")
def prune(database: str, keep: str) -> int:
    """Delete results, logs and validations that are older than both KEEP and their model's retention."""
    count = service_module("serve").prune_now(database, keep)
    click.echo(f"{count} old rows deleted")
    return exits.GOOD
