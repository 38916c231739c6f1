"""Rows that a backend can read. A value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyspark.sql.connect.proto as pb


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that a backend can read.

    Attributes:
        relation: what to read.
        label: what errors call it.
        inferred: whether reading it as it is means inferring the columns again for each query.
        caller_session: the caller's own Spark Connect session, if the rows are to be read there.
        release: removes what was made for it. Never raises.
    """

    relation: pb.Relation
    label: str
    inferred: bool = False
    caller_session: Any = None
    release: Callable[[], None] = lambda: None
