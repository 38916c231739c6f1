"""A genuine Snowpark session whose queries travel over the worker's descriptor."""

from __future__ import annotations

import atexit
import functools
from typing import Any, cast

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark._internal.analyzer.schema_utils import cached_analyze_attributes
from snowflake.snowpark.session import _active_sessions

from sandbox.client.collected import CollectedRows
from sandbox.client.snowpark_connection import PipeConnection
from sandbox.client.snowpark_errors import build_exception, condition_of
from sandbox.client.transport import Transport

__all__ = ["build_exception", "condition_of", "open_baseline", "open_frame", "open_session", "prepare"]

_FRAME = '"FRAME"'
_BASELINE = '"BASELINE_FRAME"'


def prepare() -> None:
    """Change in Snowpark what a worker needs otherwise. Called once, in the zygote.

    `cache_result` gives the frame back, because a metric makes no tables; `collect` gives rows that also
    carry `.columns`, whose names may be in small letters as they may everywhere in Snowpark.
    """
    collect_rows = DataFrame.collect

    def collect(self: DataFrame, *arguments: Any, **named: Any) -> Any:
        rows = collect_rows(self, *arguments, **named)
        table = cast("PipeConnection", self.session.connection).last_table
        return CollectedRows(table, lambda _: rows) if isinstance(rows, list) else rows

    def cache_result(self: DataFrame, **_: Any) -> DataFrame:
        return self

    DataFrame.cache_result = cache_result  # type: ignore[method-assign] # which is what this is for
    DataFrame.cacheResult = cache_result  # type: ignore[attr-defined]
    DataFrame.collect = functools.wraps(collect_rows)(collect)  # type: ignore[method-assign]


def open_session(transport: Transport) -> Session:
    """Open the guest's session. Nothing is sent until the guest asks for something."""
    # What the zygote's warm-up leaves behind: a session, and the columns that its frame had.
    _active_sessions.clear()
    cached_analyze_attributes.clear_cache()
    session: Session = Session.builder.configs({"connection": PipeConnection(transport)}).create()
    atexit.unregister(session._close_at_exit)  # it would ask for something
    return session


def open_frame(session: Session) -> DataFrame:
    """The `df` of one call: the placeholder, which the gateway binds to the frame."""
    return session.table(_FRAME)


def open_baseline(session: Session) -> DataFrame:
    """The `baseline` of one call: the second placeholder."""
    return session.table(_BASELINE)
