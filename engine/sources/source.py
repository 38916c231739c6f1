"""Rows that a backend can read. A value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pyspark.sql.connect.proto as pb

from engine.models.left_out import LeftOut
from engine.models.tables import TableRead


@dataclass(frozen=True, slots=True)
class ResolvedSource:
    """Rows that a backend can read.

    Attributes:
        relation: what to read.
        label: what errors call it.
        inferred: whether reading it as it is means inferring the columns again for each query.
        left_out: columns of it that cannot be read, by name in lower case.
        early: columns of files that may hold days or instants from before 1582-10-15, by name in lower case.
        caller_session: the caller's own Spark Connect session, if the rows are to be read there.
        release: removes what was made for it. Never raises.
        table: which table it is, and at which version; None: it is none.
        order: the names of all columns, if they are meant in another order than they are read in; else none.
        confirm: sees that all is still as it was when it was looked at first; raises DataError if it is not.
    """

    relation: pb.Relation
    label: str
    inferred: bool = False
    left_out: Mapping[str, LeftOut] = field(default_factory=lambda: MappingProxyType({}))
    early: frozenset[str] = frozenset()
    caller_session: Any = None
    release: Callable[[], None] = lambda: None
    table: TableRead | None = None
    order: tuple[str, ...] = ()
    confirm: Callable[[], None] = lambda: None
