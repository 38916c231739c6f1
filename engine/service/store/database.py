"""The connection to the database, its transactions, its clock, and its migrations."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from engine.errors import UsageError
from engine.failures import describe
from engine.wording import worded

logger = logging.getLogger(__name__)

# What is raised when the database is away, busy for too long, or full.
UNAVAILABLE: Final = (OperationalError, InterfaceError, PoolTimeout)
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 2.0
_T = TypeVar("_T")

_DIALECTS: Final = ("sqlite", "postgresql")
_BUSY_SECONDS: Final = 30
_CONNECT_SECONDS: Final = 10
_READS: Final = "calcmetric_reads"
_NOW: Final = "calcmetric_now"
# Connections that are kept, and how many more there may be. A PostgreSQL server has 100 for all processes.
# A file can be opened often, but each time it is, that costs more than a query.
_SQLITE_POOL: Final = (60, 0)
_SERVER_POOL: Final = (5, 15)
# Of two processes that start at once, one migrates, and the other waits: a lock of this number.
_MIGRATION_LOCK: Final = 0x63616C63
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


@functools.cache
def _newest_revision() -> str | None:
    """Of the tables. Alembic loads every migration before it sees that there is nothing to do."""
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head()


class Database:
    """A database of the service. Thread-safe."""

    def __init__(self, url: str, now: Callable[[], datetime] | None = None) -> None:
        """Connect lazily.

        Args:
            url: SQLAlchemy's, of SQLite or PostgreSQL.
            now: tells the time; by default the database server's clock, or this machine's for SQLite.

        Raises:
            UsageError: no URL of SQLite or PostgreSQL.
        """
        self.url = _parse(url)
        self._info = {_NOW: now}
        self._turn: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
        self.engine = sa.create_engine(self.url, **_options(self.url))
        if self.url.get_backend_name() == "sqlite":
            self._turn = _OneByOne()
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)
            self._reader = self.engine.execution_options(**{_READS: True})
        else:
            self._reader = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @property
    def label(self) -> str:
        """The URL without its password."""
        return self.url.render_as_string(hide_password=True)

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: committed at the end, rolled back on an error."""
        with self._turn, self._begun(self.engine) as session:
            yield session

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads, one state of everything. It waits for no writer, nor one for it."""
        with self._begun(self._reader) as session:
            yield session

    @contextlib.contextmanager
    def _begun(self, engine: sa.Engine) -> Iterator[Session]:
        with Session(engine, expire_on_commit=False, info=self._info) as session, session.begin():
            yield session

    @classmethod
    @contextlib.contextmanager
    def migrated(cls, url: str) -> Iterator[Database]:
        """A database for one command, made and migrated where that is needed, and closed after it.

        Args:
            url: where it is.
        """
        database = cls(url)
        try:
            database.migrate()
            yield database
        finally:
            database.close()

    def migrate(self) -> None:
        """Bring the tables to this version. Several processes may do so at once.

        Raises:
            UsageError: it cannot be reached, opened or written; with the reason.
        """
        try:
            self._migrate()
        except (DBAPIError, PoolTimeout) as error:
            raise UsageError(self._reason(error)) from None

    def _reason(self, error: DBAPIError | PoolTimeout) -> str:
        """Why it cannot be used, and what to do."""
        said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        file = Path(self.url.database or "")
        if self.url.get_backend_name() != "sqlite":
            hint = (
                "see that its server runs and takes connections from here, and that user and name are right"
            )
        elif not file.parent.is_dir():
            hint = f"there is no folder {str(file.parent)!r}"
        elif file.is_dir():
            hint = "it is a folder; name a file in it"
        elif not os.access(file if file.exists() else file.parent, os.W_OK):
            hint = f"this user has no permission to write {str(file if file.exists() else file.parent)!r}"
        else:
            hint = "see that its disk has room, and that the file is one of this service"
        return worded(
            "{setting_database} {label} cannot be used: {said}; {hint}",
            label=self.label,
            said=said,
            hint=hint,
        )

    def _migrate(self) -> None:
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            if MigrationContext.configure(connection).get_current_revision() != _newest_revision():
                config = Config(attributes={"connection": connection})
                config.set_main_option("script_location", str(_MIGRATIONS))
                command.upgrade(config, "head")

    def ping(self) -> None:
        """Ask it something; raise if it does not answer."""
        with self.reading() as session:
            session.execute(sa.select(1))

    def now(self) -> datetime:
        """What its clock says; see `clock`."""
        with self.reading() as session:
            return clock(session)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


class _OneByOne(contextlib.AbstractContextManager[None]):
    """Lets a process's transactions that write wait for each other, as SQLite admits one at a time.

    SQLite itself lets them sleep, and look again ever more rarely: whoever comes then goes before whoever
    waits, and most of the time nobody writes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=_BUSY_SECONDS):
            raise PoolTimeout(f"the database was busy for {_BUSY_SECONDS} seconds")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def retry(step: Callable[[], _T], seconds: float) -> _T:
    """Do a step that may be repeated; again while the database cannot be reached or written.

    Args:
        step: a transaction.
        seconds: for how long; what it raises after that is raised.
    """
    until, wait = time.monotonic() + seconds, _FIRST_WAIT
    while True:
        try:
            return step()
        except UNAVAILABLE as error:
            if time.monotonic() + wait > until:
                raise
            logger.warning("the database does not answer, and is asked again: %s", describe(error))
        time.sleep(wait)
        wait = min(_LONGEST_WAIT, 2 * wait)


def clock(session: Session) -> datetime:
    """The time that leases are counted in: the database server's, which all processes share."""
    if (told := session.info[_NOW]) is not None:
        instant: datetime = told()
        return instant
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)  # a file of this machine
    now: datetime = session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return now.astimezone(UTC)


def insert_missing(session: Session, table: type[DeclarativeBase], rows: list[dict[str, Any]]) -> None:
    """Insert the rows that are not there yet, whoever inserts them at the same time."""
    if not rows:
        return
    insert: Any = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(insert(table).on_conflict_do_nothing(), rows)


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError, ImportError):
        parsed = None
    if parsed is None or parsed.get_backend_name() not in _DIALECTS or _in_memory(parsed):
        raise UsageError("the database must be sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME")
    return parsed


def _in_memory(url: sa.URL) -> bool:
    """Such a database belongs to one connection, and is of no use here."""
    return url.get_backend_name() == "sqlite" and (url.database or ":memory:") == ":memory:"


def _options(url: sa.URL) -> dict[str, Any]:
    sqlite = url.get_backend_name() == "sqlite"
    kept, more = _SQLITE_POOL if sqlite else _SERVER_POOL
    pool = {"pool_size": kept, "max_overflow": more, "pool_timeout": _BUSY_SECONDS}
    pool["hide_parameters"] = True  # they hold codes, and errors are logged
    if sqlite:
        return {**pool, "connect_args": {"timeout": _BUSY_SECONDS}}
    return {**pool, "pool_pre_ping": True, "connect_args": {"connect_timeout": _CONNECT_SECONDS}}


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say so, below
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # At once for writing: a reader that turned writer in the middle could fail instead of waiting.
    reads = connection.get_execution_options().get(_READS)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
