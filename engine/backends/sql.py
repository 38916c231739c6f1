"""Backends that speak SQL: what each has to offer, and the session that all of them have.

The engine's own plans (counting, segments) reach a session as the same Spark Connect relations as elsewhere,
and are written in SQL here (`engine.writing`). A guest's query comes checked, with the relation of its frame,
and both are written together, in the backend's dialect.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pyspark.sql.connect.proto as pb
from sqlglot import exp

from engine.backends.base import BackendSession, StartsWhole
from engine.context import QueryContext
from engine.models.backends import Capabilities
from engine.writing import Dialect
from sandbox.contract.messages import Described

if TYPE_CHECKING:
    from engine.snowflake.text import CheckedQuery


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Some rows of an answer.

    Attributes:
        count: the number of rows.
        data: an Arrow stream of one record batch.
    """

    count: int
    data: bytes | memoryview


class SqlConnection(abc.ABC):
    """Runs SQL text in one session on a backend. Thread-safe.

    Attributes:
        dialect: of the text.
    """

    dialect: Dialect

    @abc.abstractmethod
    def run(self, text: str, context: QueryContext) -> Iterator[Described | RowBatch]:
        """Run a query: its columns first, then its rows, in one part at least.

        Raises:
            Interrupted, BackendLost, BackendError: as `BackendSession.execute`.
        """

    @abc.abstractmethod
    def describe(self, text: str, context: QueryContext) -> Described:
        """The columns of a query; errors as of `run`."""

    @abc.abstractmethod
    def source(self, relation: pb.Relation, context: QueryContext) -> exp.Query:
        """The query that reads a dataset.

        Raises:
            DataError: this backend cannot read it.
            Interrupted, BackendLost, BackendError: as `run`.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """Release what it holds. Never raises."""


class Writing(Protocol):
    """Writes queries in a backend's dialect; see `SqlWriter`."""

    columns: tuple[str, ...]

    def emit(self, query: CheckedQuery, frame: exp.Query, baseline: exp.Query | None = None) -> str:
        """A guest's query over a frame, or over two."""
        ...

    def frame_query(self, frame: pb.Relation, context: QueryContext) -> exp.Query:
        """The query that gives the rows of a frame; raises as `SqlConnection.source`, like the next one."""
        ...

    def keyed_query(
        self, frame: pb.Relation, keys: list[tuple[str, pb.Expression]], context: QueryContext
    ) -> exp.Query:
        """The query that gives the rows of a frame, with further columns of these names."""
        ...

    def checked(self, text: str) -> str:
        """The text of a segment's condition, once it is checked.

        Raises:
            PlanRefused: it is none that is known to be safe.
        """
        ...


class SqlSession(BackendSession, Protocol):
    """A session on a backend that speaks SQL: a `BackendSession` for the engine's own plans, and these."""

    @property
    def writer(self) -> Writing:
        """Writes what is to be run."""
        ...

    def run(self, text: str, context: QueryContext) -> Iterator[Described | RowBatch]:
        """Run a guest's query as it was written; see `SqlConnection.run`."""
        ...

    def describe(self, text: str, context: QueryContext) -> Described:
        """The columns of such a query; see `SqlConnection.describe`."""
        ...


class SqlBackend(StartsWhole, abc.ABC):
    """A data engine that speaks SQL. Thread-safe; see `Backend`.

    Attributes:
        name: as results call it.
        capabilities: what it is.
    """

    name: str
    capabilities: Capabilities

    @abc.abstractmethod
    def start(self) -> None:
        """Start or reach it; see `Backend.start`."""

    @abc.abstractmethod
    def open_session(self, tenant: str = "") -> SqlSession:
        """Open a session; see `Backend.open_session`."""

    @abc.abstractmethod
    def close(self) -> None:
        """End it; see `Backend.close`."""
