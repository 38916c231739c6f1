"""Failed requests, raised inside the worker as the exceptions that Snowflake's connector would raise.

Snowpark turns them into its own `SnowparkSQLException`, which authors catch. The words come from the engine.
"""

from __future__ import annotations

from typing import Any

from snowflake.connector.errors import ProgrammingError

from sandbox.contract.messages import REFUSED, ReplyError


class EngineError(ProgrammingError):
    """A failed request.

    Attributes:
        condition: the engine's; see `ReplyError`.
    """

    def __init__(self, error: ReplyError) -> None:
        super().__init__(
            error.message, sqlstate=error.sql_state or None, done_format_msg=True, send_telemetry=False
        )
        self.condition = error.condition


def build_exception(error: ReplyError) -> EngineError:
    """The exception for an error of the engine."""
    return EngineError(error)


def refuse(what: str, instead: str) -> EngineError:
    """The exception for something that the stub refuses by itself."""
    return EngineError(ReplyError(REFUSED, "", "", f"{what} ({instead})"))


def condition_of(error: BaseException) -> str:
    """The engine's condition of an exception that left a metric; "" if it is none of the engine's."""
    for _ in range(10):  # Snowpark wraps errors, and keeps what it wrapped
        if isinstance(error, EngineError):
            return error.condition
        inner: Any = getattr(error, "conn_error", None)
        if not isinstance(inner, BaseException):
            break
        error = inner
    return ""
