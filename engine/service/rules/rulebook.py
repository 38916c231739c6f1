"""Rules in the database: shown, added and found for the HTTP API, and all of that for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.orm import Session

from engine.errors import UsageError
from engine.service.errors import NotFound, ServiceError, TooManyRules, UrlNotAllowed
from engine.service.rules.watching import watch_now
from engine.service.rules.webhooks import make_secret
from engine.service.schemas import RuleBody
from engine.service.store.database import Database
from engine.service.store.scope import WorkspaceScope, get_owned, is_watched
from engine.service.store.tables import Delivery, Metric, Rule, RuleState
from engine.service.urls import check_url

_MOST: Final = 50
_STATES: Final = 1_000


def list_rules(database_url: str, account: str, workspace: str, metric_id: str) -> list[dict[str, Any]]:
    """The rules of a metric, as the HTTP API shows them.

    Raises:
        UsageError: there is no such metric, or no such database.
    """
    with Database.migrated(database_url) as database, database.reading() as session:
        try:
            return rules_of(
                session, get_owned(session, WorkspaceScope(account, workspace), Metric, metric_id).id
            )
        except NotFound as missing:
            raise UsageError(missing.message) from None


def add_rule(
    database_url: str,
    webhooks: Sequence[str],
    account: str,
    workspace: str,
    metric_id: str,
    body: dict[str, Any],
) -> dict[str, Any]:
    """Add a rule to a metric; its secret is in what is returned, this once.

    Raises:
        UsageError: there is no such metric, or no such database; a field makes no sense.
    """
    try:
        wanted = RuleBody.model_validate(body)
        with Database.migrated(database_url) as database, database.session() as session:
            return add_to(session, WorkspaceScope(account, workspace), metric_id, wanted, webhooks)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{field + ': ' if field else ''}{first['msg']}") from None
    except ServiceError as error:
        raise UsageError(error.message) from None


def delete_rule(database_url: str, account: str, workspace: str, metric_id: str, rule_id: str) -> None:
    """Delete a rule.

    Raises:
        UsageError: there is no such rule, or no such database.
    """
    with Database.migrated(database_url) as database, database.session() as session:
        try:
            session.delete(find_rule(session, WorkspaceScope(account, workspace), metric_id, rule_id))
        except NotFound as missing:
            raise UsageError(missing.message) from None


def add_to(
    session: Session, scope: WorkspaceScope, metric_id: str, body: RuleBody, webhooks: Sequence[str]
) -> dict[str, Any]:
    """Add a rule to a metric; return it with its secret.

    Raises:
        NotFound: there is no such metric.
        UrlNotAllowed: its URL is beneath none of `webhooks`.
        TooManyRules: the metric has as many as it may have.
    """
    metric = get_owned(session, scope, Metric, metric_id)
    if body.url is not None:
        try:
            check_url(body.url, webhooks)
        except UsageError as error:
            raise UrlNotAllowed(str(error)) from None
    count = session.scalar(sa.select(sa.func.count()).where(Rule.metric_id == metric.id)) or 0
    if count >= _MOST:
        raise TooManyRules(f"a metric has {_MOST} rules at most")
    secret = None if body.url is None else make_secret()
    rule = Rule(
        metric_id=metric.id, name=body.name, definition=body.definition(), url=body.url, secret=secret
    )
    session.add(rule)
    session.flush()
    watch_now(session, metric, rule)
    session.flush()
    return {**show_rule(session, rule), "secret": secret}


def rules_of(session: Session, metric_id: str) -> list[dict[str, Any]]:
    """The rules of a metric as JSON."""
    found = session.scalars(sa.select(Rule).where(Rule.metric_id == metric_id).order_by(Rule.seq))
    return [show_rule(session, rule) for rule in found]


def show_rule(session: Session, rule: Rule) -> dict[str, Any]:
    """A rule as JSON: never with its secret."""
    of_rule = sa.select(RuleState).where(RuleState.rule_id == rule.id, is_watched())
    # Those that one wants to see first, should there be too many.
    crossed = sa.case((RuleState.state == "crossed", 0), else_=1)
    states = session.scalars(of_rule.order_by(crossed, RuleState.seq).limit(_STATES))
    last = session.scalars(
        sa.select(Delivery).where(Delivery.rule_id == rule.id).order_by(Delivery.seq.desc()).limit(1)
    ).first()
    return {
        "id": rule.id,
        "metric_id": rule.metric_id,
        "name": rule.name,
        **{name: rule.definition.get(name) for name in ("above", "below", "changed_by", "number")},
        "for": rule.definition["for"],
        "minimum_rows": rule.definition["minimum_rows"],
        "segments": rule.definition["segments"],
        "url": rule.url,
        "states": [
            {
                "dataset_id": one.dataset_id,
                "label": one.label,
                "name": one.name or None,
                "state": one.state,
                "value": one.value,
                "window_start": one.window_start.isoformat(),
                "since": one.since.isoformat(),
            }
            for one in states
        ],
        "delivery": None
        if last is None
        else {
            "id": last.id,
            "attempts": last.attempts,
            "delivered_at": None if last.delivered_at is None else last.delivered_at.isoformat(),
            "error": last.error,
        },
        "created_at": rule.created_at.isoformat(),
    }


def find_rule(session: Session, scope: WorkspaceScope, metric_id: str, rule_id: str) -> Rule:
    """A rule of a metric.

    Raises:
        NotFound: the metric has no such rule.
    """
    metric = get_owned(session, scope, Metric, metric_id)
    query = sa.select(Rule).where(Rule.metric_id == metric.id, Rule.id == rule_id[:64])
    rule = session.scalars(query).one_or_none()
    if rule is None:
        raise NotFound("rule")
    return rule
