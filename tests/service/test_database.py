"""SQLite's one writer at a time: who waits for it waits in the process, without a connection."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.service.store import database as module
from engine.service.store.database import UNAVAILABLE, Database
from tests.waiting import stays_so


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/one.db")
    with made.session() as session:
        session.execute(sa.text("CREATE TABLE seen (number INTEGER)"))
    yield made
    made.close()


def test_writers_wait_for_each_other_and_readers_for_nobody(database: Database) -> None:
    def write(number: int) -> None:
        with database.session() as session:
            session.execute(sa.text("INSERT INTO seen VALUES (:number)"), {"number": number})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    with database.session() as session:
        session.execute(sa.text("INSERT INTO seen VALUES (99)"))
        for thread in threads:
            thread.start()
        assert stays_so(lambda: database.engine.pool.checkedout() <= 1, 0.3)  # type: ignore[attr-defined]
        with database.reading() as reader:
            assert reader.execute(sa.text("SELECT count(*) FROM seen")).scalar_one() == 0
    for thread in threads:
        thread.join(30)
    with database.reading() as reader:
        assert reader.execute(sa.text("SELECT count(*) FROM seen")).scalar_one() == 6


def test_who_waits_too_long_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.1)
    with database.session(), pytest.raises(PoolTimeout, match="busy") as caught, database.session():
        pass
    assert isinstance(caught.value, UNAVAILABLE)
    with database.session():  # and the turn is given back
        pass


def test_a_turn_is_given_back_after_an_error(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.session():
        _ = 1 / 0
    with database.session() as session:
        assert session.execute(sa.text("SELECT 1")).scalar_one() == 1
