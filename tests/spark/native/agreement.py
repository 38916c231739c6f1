"""Running a plan on both engines, and comparing what they give."""

from __future__ import annotations

import math

import pyspark.sql.connect.proto as pb
import pytest

from engine.backends.base import BackendSession
from engine.backends.tables import Fetched, fetch
from engine.context import UNBOUNDED

_SECONDS = 300.0


def run(session: BackendSession, relation: pb.Relation) -> Fetched:
    """The whole answer."""
    return fetch(session, relation, UNBOUNDED.within(_SECONDS))


def assert_same(mine: Fetched, theirs: Fetched, noise: float = 0.0) -> None:
    """Compare types, names, nulls, order and bits; sums of floating numbers but for their last ones.

    Args:
        mine: a native answer.
        theirs: Spark's.
        noise: what sums that cancel may differ by.
    """
    assert mine.schema == theirs.schema
    assert mine.table.schema == theirs.table.schema
    for column, other in zip(mine.table.columns, theirs.table.columns, strict=True):
        for one, two in zip(column.to_pylist(), other.to_pylist(), strict=True):
            if isinstance(one, float) and isinstance(two, float) and math.isfinite(one):
                assert one == pytest.approx(two, rel=1e-12, abs=noise)
                assert abs(one) <= noise or math.copysign(1, one) == math.copysign(1, two)
            else:
                assert repr(one) == repr(two)
