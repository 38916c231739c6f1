"""The connection to the database, its transactions, its clock, and its migrations."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.orm import Session

from engine.errors import UsageError

_DIALECTS: Final = ("sqlite", "postgresql")
_BUSY_SECONDS: Final = 30
# Of two processes that start at once, one migrates, and the other waits: a lock of this number.
_MIGRATION_LOCK: Final = 0x63616C63


class Database:
    """A database of the service. Thread-safe."""

    def __init__(self, url: str) -> None:
        """Connect lazily.

        Raises:
            UsageError: no URL of SQLite or PostgreSQL.
        """
        self.url = _parse(url)
        self.engine = sa.create_engine(self.url, **_options(self.url))
        if self.url.get_backend_name() == "sqlite":
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)

    @property
    def label(self) -> str:
        """The URL without its password."""
        return self.url.render_as_string(hide_password=True)

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: committed at the end, rolled back on an error."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Bring the tables to this version. Several processes may do so at once."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def ping(self) -> None:
        """Ask it something; raise if it does not answer."""
        with self.engine.connect() as connection:
            connection.execute(sa.select(1))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def clock(session: Session) -> datetime:
    """The time that leases are counted in: the database server's, which all processes share."""
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)  # a file of this machine
    now: datetime = session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return now.astimezone(UTC)


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError, ImportError):
        parsed = None
    if parsed is None or parsed.get_backend_name() not in _DIALECTS:
        raise UsageError("the database must be sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME")
    return parsed


def _options(url: sa.URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": _BUSY_SECONDS}}
    return {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20}


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say so, below
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # At once for writing: a reader that turned writer in the middle could fail instead of waiting.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
