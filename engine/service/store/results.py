"""Pages of results, in the order of their windows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from engine.service.store.database import clock
from engine.service.store.kinds import ResultKind
from engine.service.store.tables import MetricVersion, StoredResult
from engine.service.work.leases import CLOCK_SLACK

# What a result is of, beside the instant that it was calculated as of. All names of a frame are calculated
# together, so those of an earlier time are no more, whatever they were.
_PLACE: Final = ("metric_version_id", "dataset_id", "segment_key", "window_start", "window_end")


@dataclass(frozen=True, slots=True)
class ResultQuery:
    """Which results of a metric.

    Attributes:
        metric_id: of which metric.
        start: windows that begin then or later.
        end: windows that end then or earlier.
        kind: "period" or "retention".
        label: of one segment, such as "country = DE"; "" for all data.
        name: of one of several numbers.
        version: number of the code.
        dataset_id: on which dataset.
        latest: of each window only what was calculated last.
        after: the place where the page before ended.
        limit: how many at most.
        upto: only results with a number up to this.
    """

    metric_id: str
    start: datetime | None = None
    end: datetime | None = None
    kind: ResultKind | None = None
    label: str | None = None
    name: str | None = None
    version: int | None = None
    dataset_id: str | None = None
    latest: bool = True
    after: tuple[datetime, int] | None = None
    limit: int = 1_000
    upto: int | None = None


def page(session: Session, wanted: ResultQuery) -> list[tuple[StoredResult, int]]:
    """The results, each with the number of the code that made it; one more than `limit` if there are more."""
    query = sa.select(StoredResult, MetricVersion.number)
    query = query.join(MetricVersion, MetricVersion.id == StoredResult.metric_version_id)
    query = query.where(MetricVersion.metric_id == wanted.metric_id, *_filters(wanted))
    # What was calculated for later than now is of a clock that has gone back since.
    seen = (StoredResult.as_of <= clock(session) + CLOCK_SLACK,)
    query = query.where(*_known(StoredResult, wanted, *seen))
    if wanted.latest:
        later = aliased(StoredResult)
        same = [getattr(later, name) == getattr(StoredResult, name) for name in _PLACE]
        # Of one instant what was calculated last of another snapshot of a table.
        again = sa.and_(
            later.as_of == StoredResult.as_of,
            later.snapshot != StoredResult.snapshot,
            later.seq > StoredResult.seq,
        )
        newer = (
            sa.or_(later.as_of > StoredResult.as_of, again),
            later.as_of <= clock(session) + CLOCK_SLACK,
        )
        query = query.where(~sa.exists().where(*same, *_known(later, wanted, *newer)))
    if wanted.after is not None:
        when, seq = wanted.after
        following = sa.and_(StoredResult.window_start == when, StoredResult.seq > seq)
        query = query.where(sa.or_(StoredResult.window_start > when, following))
    query = query.order_by(StoredResult.window_start, StoredResult.seq).limit(wanted.limit + 1)
    return [(result, number) for result, number in session.execute(query)]


def has_names(session: Session, metric_id: str) -> bool:
    """Whether some results of a metric have names."""
    return _has(session, metric_id, StoredResult.name != "")


def has_baselines(session: Session, metric_id: str) -> bool:
    """Whether some results of a metric were compared with something."""
    return _has(session, metric_id, StoredResult.baseline != "")


def _has(session: Session, metric_id: str, where: sa.ColumnElement[bool]) -> bool:
    query = sa.select(StoredResult.seq).join(
        MetricVersion, MetricVersion.id == StoredResult.metric_version_id
    )
    query = query.where(MetricVersion.metric_id == metric_id, where).limit(1)
    return session.execute(query).first() is not None


def last_seq(session: Session) -> int:
    """The number of the last result that there is: a bound that keeps several pages of one state."""
    return session.scalar(sa.select(sa.func.max(StoredResult.seq))) or 0


def _known(table: Any, wanted: ResultQuery, *where: Any) -> list[Any]:
    return [*where, *([] if wanted.upto is None else [table.seq <= wanted.upto])]


def _filters(wanted: ResultQuery) -> list[Any]:
    given = {
        StoredResult.kind: wanted.kind,
        StoredResult.label: wanted.label,
        StoredResult.name: wanted.name,
        StoredResult.dataset_id: wanted.dataset_id,
        MetricVersion.number: wanted.version,
    }
    filters: list[Any] = [column == value for column, value in given.items() if value is not None]
    if wanted.start is not None:
        filters.append(StoredResult.window_start >= wanted.start)
    if wanted.end is not None:
        filters.append(StoredResult.window_end <= wanted.end)
    return filters
