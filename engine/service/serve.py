"""What the commands of the service do."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import re
import signal
import sys
import threading
from typing import Final

import pyarrow as pa
import uvicorn

from engine import Engine
from engine.errors import CalcmetricError, UsageError
from engine.service.admission.protocol import AT_ONCE, Listener, make_protocol, raise_descriptors
from engine.service.app import make_app
from engine.service.library import run_due
from engine.service.preflight import ready_engine
from engine.service.rules.webhooks import Courier
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.tables import utc_now
from engine.service.telemetry.observe import Telemetry, log_to_stderr
from engine.service.work.calculate import Calculator, Tally
from engine.service.work.exporting import Exporter
from engine.service.work.prune import prune

logger = logging.getLogger(__name__)

_END_SECONDS: Final = 20.0
_GRACE_SECONDS: Final = 10
_NOT_STARTED: Final = 3  # the exit status of uvicorn's own command
# Of workers, servers, databases and files, beside those of connections.
_OTHER_DESCRIPTORS: Final = 4_096
# See mallopt(3).
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
_LARGE_BYTES: Final = 1 << 20
# After so long a thread that computes gives the interpreter to another. Python's 5 ms are for throughput: if
# threads read what guests send, one that answers a request waits so long for each, again and again.
_SWITCH_SECONDS: Final = 0.001
_ARENAS: Final = 4
_LISTEN: Final = re.compile(r"[0-9A-Za-z.:_-]+", re.ASCII)


def give_memory_back() -> None:
    """Let this process give large blocks back as soon as they are free, for as long as it lives.

    By default Arrow and glibc keep what was once needed, glibc for each of many threads: a service that has
    passed on a large answer would look, and be, as large for ever. Elsewhere than in a service that is
    the program's own business.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        libc.mallopt(_M_ARENA_MAX, _ARENAS)


def switch_soon() -> None:
    """Let threads of this process wait less for each other."""
    sys.setswitchinterval(_SWITCH_SECONDS)


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until a signal ends it.

    Raises:
        UsageError: a setting makes no sense, or what it needs is not there.
    """
    if not _LISTEN.fullmatch(host):
        raise UsageError(f"--host must be an IP address or the name of a host, not {host!r}")
    log_to_stderr()
    give_memory_back()
    switch_soon()
    raise_descriptors(settings.connections + _OTHER_DESCRIPTORS)
    app = make_app(settings, engine=_lasting_engine(settings), owns=True)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        backlog=AT_ONCE,
        http=make_protocol(settings.connections, settings.idle_seconds),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = Listener(config)
    with contextlib.suppress(KeyboardInterrupt):  # which it heeds, and then passes on
        server.run()
    if not server.started:
        sys.exit(_NOT_STARTED)


def work(settings: Settings) -> None:
    """Calculate what is due, beside a server, until a signal ends it.

    Raises:
        UsageError: a setting makes no sense, or what it needs is not there.
    """
    log_to_stderr()
    give_memory_back()
    engine = _lasting_engine(settings)
    database = Database(settings.database)
    calculator = Calculator(database, engine, settings, Telemetry())
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    thread = threading.Thread(target=calculator.run_forever, name="calcmetric-schedule", daemon=True)
    courier, exporter = Courier(database, settings), Exporter(database, settings)
    courier.start()
    exporter.start()
    thread.start()
    ended.wait()
    calculator.stop()
    courier.stop()
    exporter.stop()
    engine.close()  # cancels what is calculated, which is then given back
    thread.join(_END_SECONDS)
    database.close()


def _lasting_engine(settings: Settings) -> Engine:
    """An engine for a process that lives on: the first metric with scipy is not to wait for it."""
    engine = ready_engine(settings)
    threading.Thread(target=_load_ahead, args=(engine,), name="calcmetric-load", daemon=True).start()
    return engine


def _load_ahead(engine: Engine) -> None:
    try:
        engine.load_ahead()
    except CalcmetricError as error:  # whoever needs them is told again
        logger.warning("scipy and statsmodels cannot be loaded ahead: %s", error)


def work_once(settings: Settings) -> Tally:
    """Calculate what is due now, and return what was done.

    Raises:
        UsageError: a setting makes no sense, or what it needs is not there.
    """
    log_to_stderr()
    with ready_engine(settings) as engine:
        return run_due(utc_now(), settings, engine=engine)


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
