"""Claiming due work, showing that its worker lives, and ending it: each a transaction.

A claim is a token in the rows of its work, with a time until when it holds. Whoever finds that time past may
claim the rows anew; the one who lost them notices, because every step asks for its token. So a worker
that was killed, or that hung and came back, neither loses work nor gives a second result.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.models.result import Status
from engine.service.settings import Settings
from engine.service.store.database import clock, insert_missing
from engine.service.store.kinds import DONE, DUE, POISONED
from engine.service.store.tables import (
    AccountTurn,
    Metric,
    MetricVersion,
    Model,
    RunEvent,
    StoredResult,
    Work,
)
from engine.service.work.rows import lost_row

_GIVEN_UP: Final = "given up; retried at increasing intervals"
# Metrics that run together, as the engine does; and after how many tries one runs by itself.
_TOGETHER: Final = 16
_ALONE: Final = 2
_BACKOFF: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(hours=6)
_TEXT: Final = 2_000
# For how long poison is tried again.
_RETRIED: Final = timedelta(days=7)
# Clocks of machines that work together, or one that is set right, may differ by this.
CLOCK_SLACK: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """Work that runs together: one dataset, one range, several metrics.

    Attributes:
        token: what tells this claim from those of others.
        account: the account whose work it is.
        work: the rows, detached.
    """

    token: str
    account: str
    work: tuple[Work, ...]

    @property
    def first(self) -> Work:
        """Any of them, for what they share."""
        return self.work[0]


def claim_work(
    session: Session, settings: Settings, now: datetime | None = None, busy: Collection[str] = ()
) -> Claim | None:
    """Take due work that nobody has, and what can run with it; None if there is none.

    It is the oldest one of the account whose turn was longest ago: turns go round the accounts, whatever one
    of them has in the queue.

    Args:
        session: a transaction.
        settings: how long a claim holds, and how often work is tried.
        now: what is due is due then; by default by the clock.
        busy: accounts that have enough claims already.
    """
    clocked = clock(session)
    _give_up(session, clocked, settings)
    free = _free(clocked, settings, now or clocked)
    query = sa.select(Work).where(*free).order_by(Work.seq).with_for_update(skip_locked=True, of=Work)
    for account in _in_turn(session, free, busy):
        models = sa.select(Model.id).where(Model.account == account)
        oldest = session.scalars(query.where(Work.model_id.in_(models)).limit(1)).one_or_none()
        if oldest is not None:  # else another process has taken it just now
            _note_turn(session, account)
            return _claim(session, settings, clocked, account, query, oldest)
    return None


def _in_turn(session: Session, free: Sequence[Any], busy: Collection[str]) -> list[str]:
    """The accounts with free work, the one first whose turn was longest ago."""
    models = sa.select(Model.account).where(Model.id.in_(sa.select(Work.model_id).where(*free))).distinct()
    turns = {turn.account: turn.number for turn in session.scalars(sa.select(AccountTurn))}
    found = [account for account in session.scalars(models) if account not in busy]
    return sorted(found, key=lambda account: (turns.get(account, -1), account))


def _note_turn(session: Session, account: str) -> None:
    insert_missing(session, AccountTurn, [{"account": account, "number": 0}])
    last = sa.select(sa.func.max(AccountTurn.number)).scalar_subquery()
    session.execute(sa.update(AccountTurn).where(AccountTurn.account == account).values(number=last + 1))


def _claim(
    session: Session,
    settings: Settings,
    clocked: datetime,
    account: str,
    query: sa.Select[Work],
    oldest: Work,
) -> Claim:
    """Claim a piece of work, and what can run with it."""
    work = [oldest]
    if _may_share(oldest):
        shared = (Work.dataset_id, Work.kind, Work.start, Work.end, Work.as_of)
        alike = [column == getattr(oldest, column.key) for column in shared]
        found = session.scalars(query.where(*alike).limit(_TOGETHER))
        work = [one for one in found if one.every == oldest.every and _may_share(one)]
    token = secrets.token_hex(8)
    for one in work:
        one.owner, one.attempts = token, one.attempts + 1
        one.lease_until = clocked + timedelta(seconds=settings.lease_seconds)
        if one.attempts > _ALONE:  # should this one end its worker, too
            one.not_before = clocked + backoff(one.attempts)
    session.flush()
    return Claim(token, account, tuple(work))


def _may_share(work: Work) -> bool:
    """Whether work may run with other work: not if it may be what ended its workers before."""
    return work.state == DUE and work.attempts < _ALONE


def _free(clocked: datetime, settings: Settings, now: datetime) -> tuple[Any, ...]:
    """Which work may be claimed: what is due, and poison whose code still is the current one.

    Times that lie further ahead than any can be noted are of a clock that has gone back since. What is due
    later than now is of such a clock, too, and waits.
    """
    current = (
        sa.select(Metric.id)
        .join(MetricVersion, MetricVersion.metric_id == Metric.id)
        .where(MetricVersion.id == Work.metric_version_id, MetricVersion.number == Metric.version)
    )
    again = sa.and_(Work.state == POISONED, Work.created_at > clocked - _RETRIED, current.exists())
    return (
        sa.or_(Work.state == DUE, again),
        sa.or_(Work.lease_until.is_(None), ~_ahead(Work.lease_until, clocked, _lease(settings))),
        sa.or_(Work.not_before.is_(None), ~_ahead(Work.not_before, clocked, LONGEST_PAUSE)),
        Work.as_of <= max(clocked, now) + CLOCK_SLACK,
    )


def _ahead(column: Any, now: datetime, most: timedelta) -> Any:
    return sa.and_(column > now, column <= now + most + CLOCK_SLACK)


def _lease(settings: Settings) -> timedelta:
    return timedelta(seconds=settings.lease_seconds)


def renew(session: Session, claim: Claim, seconds: float) -> bool:
    """Show that the worker lives; tell whether anything still is its own."""
    until = clock(session) + timedelta(seconds=seconds)
    changed = sa.update(Work).where(Work.owner == claim.token)
    return bool(session.execute(changed.values(lease_until=until).returning(Work.id)).all())


def finish(session: Session, claim: Claim, work: Work, results: Sequence[dict[str, Any]]) -> bool:
    """Note the results of a metric, if its work still is the claim's own; tell whether it was.

    They replace the one that said that the work was given up.
    """
    values = {"state": DONE, "error": None, "not_before": None, "finished_at": clock(session)}
    if not _end(session, claim, work, values):
        return False
    session.execute(sa.delete(StoredResult).where(StoredResult.run_id == work.id))
    insert_missing(session, StoredResult, list(results))
    return True


def poison(session: Session, claim: Claim, work: Work, error: str) -> None:
    """Give work up at once, until its code changes or some time has passed."""
    now = clock(session)
    values = {
        "state": POISONED,
        "error": error[:_TEXT],
        "finished_at": now,
        "not_before": now + backoff(work.attempts),
    }
    if _end(session, claim, work, values):
        _note_loss(session, work, "refused", error)


def give_back(session: Session, claim: Claim, work: Work, error: str | None) -> None:
    """Let work be claimed again: later, after an error; at once, and as if not tried, without one."""
    values: dict[str, Any] = {"attempts": work.attempts - 1, "not_before": None}
    if error is not None:
        values = {"error": error[:_TEXT], "not_before": clock(session) + backoff(work.attempts)}
    _end(session, claim, work, values)


def note_health(session: Session, work: Work, *, good: bool) -> None:
    """Count the bad calculations of a metric in a row, and let it pause the longer the more there are."""
    one = sa.select(MetricVersion.metric_id).where(MetricVersion.id == work.metric_version_id)
    metric = session.scalars(sa.select(Metric).where(Metric.id == one.scalar_subquery())).one_or_none()
    if metric is None:
        return
    metric.failures = 0 if good else metric.failures + 1
    metric.blocked_until = None if good else clock(session) + backoff(metric.failures)
    if not good:  # what was asked for before waits as well: else one range goes on costing, piece after piece
        codes = sa.select(MetricVersion.id).where(MetricVersion.metric_id == metric.id)
        left = (Work.metric_version_id.in_(codes), Work.state == DUE, Work.owner.is_(None))
        session.execute(sa.update(Work).where(*left).values(not_before=metric.blocked_until))


def backoff(failures: int) -> timedelta:
    """How long to wait after so many failures in a row."""
    return min(LONGEST_PAUSE, _BACKOFF * (1 << min(failures, 20)))


def _end(session: Session, claim: Claim, work: Work, values: dict[str, Any]) -> bool:
    mine = (Work.id == work.id, Work.owner == claim.token)
    values = {**values, "owner": None, "lease_until": None}
    return bool(session.execute(sa.update(Work).where(*mine).values(values).returning(Work.id)).all())


def _give_up(session: Session, now: datetime, settings: Settings) -> None:
    """Mark what was tried too often, and whose last worker is gone, as poison."""
    tired = (Work.state == DUE, Work.attempts >= settings.attempts)
    free = sa.or_(Work.lease_until.is_(None), ~_ahead(Work.lease_until, now, _lease(settings)))
    query = sa.select(Work).where(*tired, free).with_for_update(skip_locked=True)
    for work in session.scalars(query):
        work.state, work.owner, work.lease_until, work.finished_at = POISONED, None, None, now
        work.error = work.error or "its worker died, every time"
        work.not_before = now + backoff(work.attempts)
        note_health(session, work, good=False)
        _note_loss(session, work, "lost", work.error)
    session.flush()


def _note_loss(session: Session, work: Work, status: Status, message: str) -> None:
    """Note the one result of work that was given up, and say so in its log."""
    row = {**lost_row(work, status, message), "created_at": clock(session)}
    insert_missing(session, StoredResult, [row])
    owner = session.execute(sa.select(Model.account, Model.workspace).where(Model.id == work.model_id)).one()
    details = {"error": message, "attempts": work.attempts}
    about = {"run_id": work.id, "account": owner.account, "workspace": owner.workspace}
    session.add(RunEvent(**about, level="error", message=_GIVEN_UP, details=details))
