"""Rules on the results of a metric, and their states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter
from sqlalchemy.orm import Session

from engine.errors import UsageError
from engine.service.answers import Deleted, RuleMade, RuleShown
from engine.service.errors import NotFound
from engine.service.problems import ApiProblem, unprocessable
from engine.service.rules.watching import watch_now
from engine.service.rules.webhooks import make_secret
from engine.service.schemas import RuleBody
from engine.service.state import ScopeOf, StateOf
from engine.service.store.scope import Scope, get_owned, is_watched
from engine.service.store.tables import Delivery, Metric, Rule, RuleState
from engine.service.urls import check_url

router = APIRouter(prefix="/metrics/code-based-metrics/{metric_id}/rules", tags=["rules"])

_MOST: Final = 50
_STATES: Final = 1_000


@router.post("", response_model=RuleMade)
def create_rule(metric_id: str, body: RuleBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Add a rule to a metric. With a `url`, the answer has the `secret` that signs deliveries, this once."""
    with state.database.session() as session:
        return add_to(session, scope, metric_id, body, state.settings.webhooks)


@router.get("", response_model=list[RuleShown])
def list_rules(metric_id: str, scope: ScopeOf, state: StateOf) -> list[dict[str, Any]]:
    """The rules of a metric with their states, oldest first."""
    with state.database.reading() as session:
        metric = get_owned(session, scope, Metric, metric_id)
        return rules_of(session, metric.id)


@router.delete("/{rule_id}", response_model=Deleted)
def delete_rule(metric_id: str, rule_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Delete a rule; what of it was not sent yet is not sent any more."""
    with state.database.session() as session:
        session.delete(find_rule(session, scope, metric_id, rule_id))
    return {"id": rule_id, "deleted": True}


def add_to(
    session: Session, scope: Scope, metric_id: str, body: RuleBody, webhooks: Sequence[str]
) -> dict[str, Any]:
    """Add a rule to a metric; return it with its secret.

    Raises:
        NotFound: there is no such metric.
        ApiProblem: its URL is beneath none of `webhooks`, or the metric has too many rules.
    """
    metric = get_owned(session, scope, Metric, metric_id)
    if body.url is not None:
        try:
            check_url(body.url, webhooks)
        except UsageError as error:
            raise unprocessable("url", str(error)) from None
    count = session.scalar(sa.select(sa.func.count()).where(Rule.metric_id == metric.id)) or 0
    if count >= _MOST:
        raise ApiProblem(422, "unprocessable", f"a metric has {_MOST} rules at most")
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


def find_rule(session: Session, scope: Scope, metric_id: str, rule_id: str) -> Rule:
    """A rule of a metric.

    Raises:
        NotFound: there is none.
    """
    metric = get_owned(session, scope, Metric, metric_id)
    query = sa.select(Rule).where(Rule.metric_id == metric.id, Rule.id == rule_id[:64])
    rule = session.scalars(query).one_or_none()
    if rule is None:
        raise NotFound("rule")
    return rule
