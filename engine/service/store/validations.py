"""Validations of metrics that are asked for, going on, or ended, as rows that several servers share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.service.store.database import clock, insert_missing
from engine.service.store.kinds import ENDED, PENDING
from engine.service.store.tables import Validation, make_id


@dataclass(frozen=True, slots=True)
class ValidationKey:
    """What a validation is of: a code, a dataset, and what that one looks like."""

    metric_version_id: str
    dataset_id: str
    fingerprint: str


def begin(session: Session, key: ValidationKey, *, restart: bool) -> Validation:
    """The validation of a key; begun if there was none, or anew if its answer was told and is not wanted."""
    fields = {name: getattr(key, name) for name in key.__slots__}
    fresh = {"id": make_id(), "state": PENDING, "progress": 0, "delivered": False, "attempts": 0}
    fresh["created_at"] = clock(session)
    insert_missing(session, Validation, [{**fields, **fresh}])
    same = [getattr(Validation, name) == value for name, value in fields.items()]
    if restart:
        again = {"state": PENDING, "progress": 0, "answer": None, "delivered": False, "attempts": 0}
        told = (Validation.state == ENDED, Validation.delivered.is_(True))
        session.execute(
            sa.update(Validation).where(*same, *told).values(**again, owner=None, lease_until=None)
        )
    validation = session.scalars(sa.select(Validation).where(*same)).one()
    if validation.state == ENDED:
        validation.delivered = True
    return validation


def is_news(session: Session, key: ValidationKey, *, restart: bool) -> bool:
    """Whether `begin` would make one pending that is not."""
    known = find(session, key)
    return known is None or (restart and known.state == ENDED and known.delivered)


def find(session: Session, key: ValidationKey) -> Validation | None:
    """The validation of a key, if it was asked for before."""
    same = [getattr(Validation, name) == getattr(key, name) for name in key.__slots__]
    return session.scalars(sa.select(Validation).where(*same)).one_or_none()


def is_settled(session: Session, validation: Validation, seconds: float) -> bool:
    """Whether there is nothing to do for who asks: its answer was told before, or its owner lives."""
    if validation.state == ENDED:
        return validation.delivered
    now = clock(session)
    return validation.lease_until is not None and now < validation.lease_until <= now + timedelta(
        seconds=2 * seconds
    )


def read_progress(session: Session, validation_ids: list[str]) -> dict[str, int]:
    """The progress of those of some validations that are pending."""
    query = sa.select(Validation.id, Validation.progress)
    query = query.where(Validation.id.in_(validation_ids), Validation.state == PENDING)
    return {validation_id: progress for validation_id, progress in session.execute(query)}  # noqa: C416 - rows


def owned(session: Session, owner: str) -> set[str]:
    """The pending validations of a process."""
    query = sa.select(Validation.id).where(Validation.owner == owner, Validation.state == PENDING)
    return set(session.scalars(query))


def claim(session: Session, validation_id: str, owner: str, seconds: float) -> int:
    """Take a pending validation that no living process has; return which attempt it is, or 0."""
    now = clock(session)
    # A lease that holds for longer than any is of a clock that has gone back since.
    held = sa.and_(
        Validation.lease_until > now, Validation.lease_until <= now + timedelta(seconds=2 * seconds)
    )
    free = sa.or_(Validation.lease_until.is_(None), ~held)
    done = session.execute(
        sa.update(Validation)
        .where(Validation.id == validation_id, Validation.state == PENDING, free)
        .values(owner=owner, lease_until=now + timedelta(seconds=seconds), attempts=Validation.attempts + 1)
        .returning(Validation.attempts)
    )
    return done.scalar_one_or_none() or 0


def renew(session: Session, validation_id: str, owner: str, seconds: float) -> bool:
    """Show that its owner lives; tell whether it still is the owner."""
    until = clock(session) + timedelta(seconds=seconds)
    return _own(session, validation_id, owner, {"lease_until": until})


def release(session: Session, validation_id: str, owner: str) -> None:
    """Give a pending validation up, as if it had not been tried: another process begins it anew."""
    values = {"owner": None, "lease_until": None, "attempts": Validation.attempts - 1}
    _own(session, validation_id, owner, values)


def note_progress(session: Session, validation_id: str, owner: str, progress: int) -> None:
    """Note progress, which never goes back."""
    session.execute(
        sa.update(Validation)
        .where(Validation.id == validation_id, Validation.owner == owner, Validation.progress < progress)
        .values(progress=progress)
    )


def end(session: Session, validation_id: str, owner: str, answer: dict[str, Any]) -> bool:
    """Note the answer, if its owner still is the owner."""
    values = {"state": ENDED, "progress": 100, "answer": answer, "owner": None, "lease_until": None}
    return _own(session, validation_id, owner, values)


def cancel(session: Session, key: ValidationKey, answer: dict[str, Any]) -> bool:
    """End a pending validation from outside; its owner notices when it next shows that it lives."""
    values = {"state": ENDED, "progress": 100, "answer": answer, "owner": None, "lease_until": None}
    same = [getattr(Validation, name) == getattr(key, name) for name in key.__slots__]
    done = session.execute(
        sa.update(Validation)
        .where(*same, Validation.state == PENDING)
        .values(**values)
        .returning(Validation.id)
    )
    return done.scalar_one_or_none() is not None


def _own(session: Session, validation_id: str, owner: str, values: dict[str, Any]) -> bool:
    mine = (Validation.id == validation_id, Validation.owner == owner, Validation.state == PENDING)
    done = session.execute(sa.update(Validation).where(*mine).values(values).returning(Validation.id))
    return done.scalar_one_or_none() is not None
