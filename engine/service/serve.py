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
from engine.service.calculate import Calculator
from engine.service.datasets import local_roots
from engine.service.keys import NAME, digest_key, make_key
from engine.service.observe import Telemetry, log_to_stderr
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.tables import Key

_END_SECONDS: Final = 20.0
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
    uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, server_header=False)


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


def create_key(database_url: str, account: str, workspace: str) -> str:
    """Make a key for a workspace, keep its digest, and return it.

    Raises:
        UsageError: names that cannot stand in a URL, or no such database.
    """
    for what, name in (("account", account), ("workspace", workspace)):
        if not NAME.fullmatch(name):
            raise UsageError(f"--{what} {name!r}: use up to 64 letters, digits, '.', '_' and '-'")
    database, key = Database(database_url), make_key()
    try:
        database.migrate()
        with database.session() as session:
            session.add(Key(account=account, workspace=workspace, digest=digest_key(key)))
    finally:
        database.close()
    return key
