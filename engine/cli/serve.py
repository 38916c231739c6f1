"""`calcmetric serve`, `worker` and `prune`: the HTTP service, and what runs beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Unpack

import click

from engine.cli import exits
from engine.cli.extra import service_extra
from engine.cli.serve_options import ServeOptions, WorkerOptions
from engine.cli.sizes import parse_size, show_size
from engine.models.isolation import SERVER_ISOLATIONS
from engine.service.settings import Settings, make_limits

_DEFAULTS: Final = Settings()
_Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def option(*names: str, **more: Any) -> _Option:
    """An option that the environment may give as well: CALCMETRIC_ and its name."""
    return click.option(*names, envvar=f"CALCMETRIC_{_field(*names).upper()}", **more)


def _field(*names: str) -> str:
    word = next(name for name in names if name.startswith("--")).partition("/")[0].removeprefix("--")
    return word.replace("-", "_")


def _shown(name: str, default: Any, text: str, **more: Any) -> _Option:
    return option(name, default=default, show_default=True, help=text, **more)


def _setting(name: str, text: str, **more: Any) -> _Option:
    return _shown(name, getattr(_DEFAULTS, _field(name)), text, **more)


def _size(name: str, default: int, text: str, *names: str) -> _Option:
    shown = show_size(default)
    return option(name, *names, default=shown, show_default=True, callback=_read_size, help=text)


def _read_size(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    return None if text is None else parse_size(text)


database_option = _setting(
    "--database", "URL of the database; if it holds a password, set it in the environment."
)

# What a server and a worker share.
_SHARED: Final = (
    database_option,
    option(
        "--data-root", "data_roots", multiple=True, default=_DEFAULTS.data_roots, metavar="[ACCOUNT=]DIR",
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
    _setting(
        "--calculations", "Calculations that run at the same time; one account gets at most half.",
        type=click.IntRange(1),
    ),
    _setting("--backend", "As in calcmetric run."),
    _setting("--native/--no-native", "As in calcmetric run."),
    _setting(
        "--verify", "Share of native answers that are checked against Spark.", type=click.FloatRange(0, 1)
    ),
    _setting(
        "--warm/--no-warm",
        "Start Spark in the background, so that the first metric that needs it does not wait for Java.",
    ),
    _setting("--server-isolation", "As in calcmetric run.", type=click.Choice(SERVER_ISOLATIONS)),
    option("--imports", multiple=True, metavar="NAME", help="As in calcmetric run."),
    _shown("--wall-seconds", _DEFAULTS.limits.wall_seconds, "Time limit of a run, in seconds."),
    _shown(
        "--frame-seconds", _DEFAULTS.limits.frame_seconds,
        "Time limit of one call of calc_metric, in seconds.",
    ),
    _size("--memory", _DEFAULTS.limits.memory_bytes, "Memory limit of a worker process.", "memory_bytes"),
    _size(
        "--engine-memory", _DEFAULTS.engine_memory, "Memory limit of this process, for all accounts together."
    ),
    option(
        "--native-memory", metavar="SIZE", callback=_read_size,
        help="Memory limit of the DuckDB process.  [default: half of the machine's memory, at most 8GiB]",
    ),
    _size("--spool-bytes", _DEFAULTS.spool_bytes, "Maximum disk space for data fetched from object stores."),
    _setting("--tick-seconds", "How often to look for work that is due."),
    _setting("--lease-seconds", "How long a worker may be silent before others take over its work."),
    _setting("--attempts", "Number of attempts before work is marked as poisoned."),
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
    _setting("--requests-per-minute", "Requests per minute that one key may send, on all servers together."),
    _size("--body-bytes", _DEFAULTS.body_bytes, "Maximum size of the body of a request."),
    _setting("--validations", "Validations that run at the same time; one account gets at most half."),
    _setting(
        "--connections",
        "Maximum number of open connections; a silent one makes room for a new one.",
        type=click.IntRange(1),
    ),
    _setting(
        "--idle-seconds", "How long a client may take to send the headers of a request, and then the body."
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
    _setting("--poll-seconds", "How long a poll waits for a pending validation to change."),
    click.option("--no-calculate", is_flag=True, help="Only serve; leave calculating to calcmetric worker."),
)


def _with(*options: _Option) -> _Option:
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for one in reversed(options):
            command = one(command)
        return command

    return decorate


@click.command()
@_with(*_SERVER, *_SHARED)
def serve(
    host: str,
    port: int,
    no_calculate: bool,
    wall_seconds: float,
    frame_seconds: float,
    memory_bytes: int,
    **options: Unpack[ServeOptions],
) -> int:
    """Serve models, metrics, validations and results over HTTP, and calculate what is due."""
    limits = make_limits(wall_seconds=wall_seconds, frame_seconds=frame_seconds, memory_bytes=memory_bytes)
    settings = Settings(limits=limits, calculate=not no_calculate, **options)
    with service_extra():
        from engine.service import serve as service
    service.serve(settings, host, port)
    return exits.GOOD


@click.command()
@click.option("--once", is_flag=True, help="Exit when nothing is due any more, for use with cron.")
@_with(*_SHARED)
def worker(
    once: bool,
    wall_seconds: float,
    frame_seconds: float,
    memory_bytes: int,
    **options: Unpack[WorkerOptions],
) -> int:
    """Calculate what is due, beside servers that use the same database."""
    limits = make_limits(wall_seconds=wall_seconds, frame_seconds=frame_seconds, memory_bytes=memory_bytes)
    settings = Settings(limits=limits, **options)
    with service_extra():
        from engine.service import serve as service
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
    with service_extra():
        from engine.service import serve as service
    click.echo(f"{service.prune_now(database, keep)} old rows deleted")
    return exits.GOOD
