"""Migrations with rows present: whatever version a database is of, going up and down keeps what it holds."""

import datetime as dt
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from engine.service.store import migrations
from engine.service.store.database import Database
from tests.service.databases import BOTH

SCRIPTS = Path(next(iter(migrations.__path__)))
REVISIONS = [one.revision for one in ScriptDirectory(str(SCRIPTS)).walk_revisions()][::-1]
NOW = dt.datetime(2026, 5, 1, 12)


@contextmanager
def going(database: Database) -> Iterator[tuple[Config, sa.Connection]]:
    """A transaction in which Alembic goes up or down."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        yield config, connection


def to(database: Database, revision: str, *, down: bool = False) -> None:
    with going(database) as (config, _):
        (command.downgrade if down else command.upgrade)(config, revision)


def tables_of(connection: sa.Connection) -> list[sa.Table]:
    """The tables as they are in the database, those first that others refer to."""
    found = sa.MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def fill(database: Database) -> None:
    """Put a row into each table that has none: what a column refers to, or a value of its type."""
    with database.engine.begin() as connection:
        for table in tables_of(connection):
            if not connection.execute(sa.select(table)).first():
                row = {one.name: value_for(one, connection) for one in table.columns}
                connection.execute(table.insert(), row)


def value_for(column: sa.Column[Any], connection: sa.Connection) -> Any:
    for key in column.foreign_keys:
        return connection.execute(sa.select(key.column)).scalars().first()
    match column.type:
        case sa.DateTime():
            return NOW.replace(tzinfo=dt.UTC) if column.type.timezone else NOW
        case sa.JSON():
            return {"a": [1, None]}
        case sa.Boolean():
            return True
        case sa.Integer():
            return 7
        case sa.Float() | sa.Numeric():
            return 0.5
    return f"{column.table.name}-{column.name}"


def rows_of(database: Database) -> dict[str, dict[str, Any]]:
    """The one row of each table, by table and column."""
    with database.engine.connect() as connection:
        return {
            table.name: dict(connection.execute(sa.select(table)).one()._mapping)
            for table in tables_of(connection)
        }


def assert_kept(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> None:
    """Every value whose table and column are still there is the one that it was."""
    for table, row in before.items():
        for column, value in row.items():
            if column in after.get(table, {}):
                assert (table, column, after[table][column]) == (table, column, value)


@BOTH
@pytest.mark.slow
def test_rows_of_each_version_survive_every_step_up_and_down(database_url: str) -> None:
    if database_url.startswith("sqlite"):
        Path(database_url.removeprefix("sqlite:///")).unlink()  # whose tables are there already
    database = Database(database_url)
    try:
        to(database, REVISIONS[0])
        fill(database)
        for earlier, later in itertools.pairwise(REVISIONS):
            before = rows_of(database)
            to(database, later)
            assert_kept(before, after := rows_of_all(database))
            assert before.keys() <= after.keys(), (earlier, later)
        before = rows_of(database)
        database.migrate()  # which is how a service starts: there is nothing left to do
        assert rows_of(database) == before
        for revision in REVISIONS[-2::-1]:
            to(database, revision, down=True)
            assert_kept(before, after := rows_of(database))
            assert after.keys() <= before.keys()
        to(database, "base", down=True)
        with database.engine.connect() as connection:
            assert tables_of(connection) == []
    finally:
        database.close()


def rows_of_all(database: Database) -> dict[str, dict[str, Any]]:
    """The rows after what is new has got one, too."""
    fill(database)
    return rows_of(database)
