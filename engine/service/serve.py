"""What the commands of the service do."""

from __future__ import annotations

import re
import signal
import threading
from typing import Final

import uvicorn

from engine import Engine
from engine.errors import UsageError
from engine.service.app import make_app
from engine.service.calculate import Calculator, Tally
from engine.service.datasets import local_roots
from engine.service.library import run_due
from engine.service.observe import Telemetry, log_to_stderr
from engine.service.prune import prune
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.tables import utc_now

_END_SECONDS: Final = 20.0
_GRACE_SECONDS: Final = 10
_LISTEN: Final = re.compile(r"[0-9A-Za-z.:_-]+", re.ASCII)


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until a signal ends it.

    Raises:
        UsageError: a setting makes no sense.
    """
    if not _LISTEN.fullmatch(host):
        raise UsageError(f"--host {host!r} is no address")
    app = make_app(settings)
    log_to_stderr()
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


def work(settings: Settings) -> None:
    """Calculate what is due, beside a server, until a signal ends it."""
    log_to_stderr()
    database = Database(settings.database)
    database.migrate()
    engine = Engine(settings.backend, roots=local_roots(settings) or None)
    calculator = Calculator(database, engine, settings, Telemetry())
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    thread = threading.Thread(target=calculator.run_forever, name="calcmetric-schedule", daemon=True)
    thread.start()
    ended.wait()
    calculator.stop()
    engine.close()  # cancels what is calculated, which is then given back
    thread.join(_END_SECONDS)
    database.close()


def work_once(settings: Settings) -> Tally:
    """Calculate what is due now, and return what was done."""
    log_to_stderr()
    return run_due(utc_now(), settings)


def prune_now(database_url: str, keep: str) -> int:
    """Delete what is older than a duration; return how many rows that were.

    Raises:
        UsageError: no duration, or no such database.
    """
    settings, database = Settings(database=database_url, keep=keep), Database(database_url)
    try:
        database.migrate()
        return prune(database, database.now(), settings)
    finally:
        database.close()
