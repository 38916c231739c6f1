"""How much an account may have: defaults, what the operator set for one account, and who has reached what.

Quotas are read anew every few seconds, so that an operator can lower one account's while the service runs.
What an account has already stays; only more is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.errors import UsageError
from engine.service.admission.keys import NAME
from engine.service.errors import QuotaReached
from engine.service.store.database import Database
from engine.service.store.kinds import DUE, PENDING
from engine.service.store.tables import Metric, MetricVersion, Model, Quota, Validation, Work

WHAT: Final = MappingProxyType(
    {
        "models": "models",
        "metrics": "metrics",
        "bytes": "bytes of code, every version of each metric counted",
        "work": "pieces of work that wait to be calculated",
        "validations": "validations that are pending",
        "connections": "requests that are answered at a time",
    }
)


@dataclass(frozen=True, slots=True)
class Quotas:
    """What one account may have; each a field of `WHAT`."""

    models: int = 1_000
    metrics: int = 5_000
    bytes: int = 256 << 20
    work: int = 20_000
    validations: int = 200
    connections: int = 64


DEFAULTS: Final = Quotas()


def quotas_of(session: Session, account: str) -> Quotas:
    """What the operator set for an account, with the defaults for all that was not set."""
    found = session.execute(sa.select(Quota.name, Quota.value).where(Quota.account == account))
    known = {field.name for field in fields(Quotas)}
    return replace(DEFAULTS, **{name: value for name, value in found if name in known})


def set_quotas(database_url: str, account: str, wanted: Mapping[str, int | None]) -> Quotas:
    """Set quotas of an account, and return all of them.

    Args:
        database_url: of the service.
        account: the account that they are set for.
        wanted: by name; None gives the default back.

    Raises:
        UsageError: names or numbers that make no sense, or no such database.
    """
    wrong = [
        f"there is no quota {name!r}; the quotas are {', '.join(WHAT)}" for name in wanted if name not in WHAT
    ]
    wrong += [f"{name} must not be negative" for name, value in wanted.items() if (value or 0) < 0]
    wrong += [f"{name} is too large" for name, value in wanted.items() if (value or 0) >= 1 << 62]
    if not NAME.fullmatch(account):
        wrong.append(f"the account {account!r} must be up to 64 letters, digits, '.', '_' and '-'")
    if wrong:
        raise UsageError("\n".join(wrong))
    with Database.migrated(database_url) as database, database.session() as session:
        for name, value in wanted.items():
            session.execute(sa.delete(Quota).where(Quota.account == account, Quota.name == name))
            if value is not None:
                session.add(Quota(account=account, name=name, value=value))
        session.flush()
        return quotas_of(session, account)


def show_quotas(database_url: str, account: str) -> Quotas:
    """The quotas of an account.

    Raises:
        UsageError: no such database.
    """
    with Database.migrated(database_url) as database, database.reading() as session:
        return quotas_of(session, account)


def refuse_more(session: Session, account: str, **more: int) -> None:
    """Refuse what would take an account beyond a quota.

    Args:
        session: the transaction that adds it.
        account: the account that is to have more.
        more: how much of what is added, by the names of quotas.

    Raises:
        QuotaReached: it is too much; the message says which quota, and its value.
    """
    quotas = quotas_of(session, account)
    for name, count in more.items():
        most = getattr(quotas, name)
        if _used(session, account, name) + count > most:
            raise over_quota(account, name, most)


def over_quota(account: str, name: str, most: int) -> QuotaReached:
    """What is said where a quota is reached."""
    message = f"the account {account} has reached its quota {name}: it may have {most:,} {WHAT[name]}"
    return QuotaReached(account, name, message)


def _used(session: Session, account: str, name: str) -> int:
    count = sa.select(sa.func.count())
    match name:
        case "models":
            query = count.select_from(Model)
        case "metrics":
            query = count.select_from(Metric).join(Model, Model.id == Metric.model_id)
        case "bytes":
            total = sa.func.coalesce(sa.func.sum(sa.func.length(MetricVersion.code)), 0)
            query = sa.select(total).select_from(MetricVersion)
            query = query.join(Metric, Metric.id == MetricVersion.metric_id)
            query = query.join(Model, Model.id == Metric.model_id)
        case "work":
            query = count.select_from(Work).join(Model, Model.id == Work.model_id)
            query = query.where(Work.state == DUE)
        case _:
            query = count.select_from(Validation)
            query = query.join(MetricVersion, MetricVersion.id == Validation.metric_version_id)
            query = query.join(Metric, Metric.id == MetricVersion.metric_id)
            query = query.join(Model, Model.id == Metric.model_id).where(Validation.state == PENDING)
    return int(session.execute(query.where(Model.account == account)).scalar_one())
