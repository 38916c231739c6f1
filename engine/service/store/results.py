"""Pages of results, in the order of their windows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.service.store.tables import MetricVersion, StoredResult


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which results of a metric.

    Attributes:
        metric_id: of which metric.
        start: windows that begin then or later.
        end: windows that end then or earlier.
        kind: "period" or "retention".
        label: of one segment, such as "country = DE"; "" for all data.
        version: number of the code.
        dataset_id: on which dataset.
        latest: of each window only what was calculated last.
        after: the place where the page before ended.
        limit: how many at most.
    """

    metric_id: str
    start: datetime | None = None
    end: datetime | None = None
    kind: str | None = None
    label: str | None = None
    version: int | None = None
    dataset_id: str | None = None
    latest: bool = True
    after: tuple[datetime, int] | None = None
    limit: int = 1_000


def page(session: Session, wanted: Wanted) -> list[tuple[StoredResult, int]]:
    """The results, each with the number of the code that made it; one more than `limit` if there are more."""
    query = sa.select(StoredResult.seq, StoredResult.window_start, MetricVersion.number)
    query = query.join(MetricVersion, MetricVersion.id == StoredResult.metric_version_id)
    query = query.where(MetricVersion.metric_id == wanted.metric_id, *_filters(wanted))
    if wanted.latest:
        same = (
            StoredResult.metric_version_id,
            StoredResult.dataset_id,
            StoredResult.segment_key,
            StoredResult.window_start,
            StoredResult.window_end,
        )
        newest = (StoredResult.as_of.desc(), StoredResult.seq.desc())
        query = query.add_columns(
            sa.func.row_number().over(partition_by=same, order_by=newest).label("place")
        )
    found = query.subquery()
    rows = sa.select(StoredResult, found.c.number).join(found, found.c.seq == StoredResult.seq)
    if wanted.latest:
        rows = rows.where(found.c.place == 1)
    if wanted.after is not None:
        when, seq = wanted.after
        later = sa.and_(StoredResult.window_start == when, StoredResult.seq > seq)
        rows = rows.where(sa.or_(StoredResult.window_start > when, later))
    rows = rows.order_by(StoredResult.window_start, StoredResult.seq).limit(wanted.limit + 1)
    return [(result, number) for result, number in session.execute(rows)]


def _filters(wanted: Wanted) -> list[Any]:
    given = {
        StoredResult.kind: wanted.kind,
        StoredResult.label: wanted.label,
        StoredResult.dataset_id: wanted.dataset_id,
        MetricVersion.number: wanted.version,
    }
    filters: list[Any] = [column == value for column, value in given.items() if value is not None]
    if wanted.start is not None:
        filters.append(StoredResult.window_start >= wanted.start)
    if wanted.end is not None:
        filters.append(StoredResult.window_end <= wanted.end)
    return filters
