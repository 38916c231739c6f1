"""What each statement on Snowflake is sent with, by a connection that only takes notes."""

from __future__ import annotations

from typing import Any

import pytest

from engine.backends.snowflake.backend import _PARAMETERS
from engine.backends.snowflake.connection import SnowflakeConnection
from engine.context import UNBOUNDED


class _Cursor:
    def __init__(self, notes: list[dict[str, Any]]) -> None:
        self._notes = notes
        self.description: list[Any] = []

    def __enter__(self) -> _Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, _text: str, **given: Any) -> None:
        self._notes.append(given)

    def describe(self, _text: str, **given: Any) -> list[Any]:
        self._notes.append(given)
        return []


class _Session:
    session_id = 1

    def __init__(self) -> None:
        self.notes: list[dict[str, Any]] = []

    def cursor(self) -> _Cursor:
        return _Cursor(self.notes)


@pytest.mark.parametrize("seconds", [None, 20.0])
def test_a_statement_is_one_and_snowflake_ends_it_at_its_deadline(seconds: float | None) -> None:
    session = _Session()
    connection = SnowflakeConnection(session, lambda _: None)  # type: ignore[arg-type]
    context = UNBOUNDED if seconds is None else UNBOUNDED.within(seconds)
    next(connection.run("SELECT 1", context))
    connection.describe("SELECT 1", context)
    for given in session.notes:
        parameters = given["_statement_params"]
        assert parameters["MULTI_STATEMENT_COUNT"] == 1
        left = parameters.get("STATEMENT_TIMEOUT_IN_SECONDS")
        assert left is None if seconds is None else 1 <= left <= 20
    assert len(session.notes) == 2


def test_a_session_ends_what_a_lost_engine_leaves() -> None:
    assert _PARAMETERS["ABORT_DETACHED_QUERY"] is True and _PARAMETERS["MULTI_STATEMENT_COUNT"] == 1
