"""Rules on the results of a metric, and their states."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from engine.service.admission.requests import ScopeOf
from engine.service.answers import Deleted, RuleMade, RuleShown
from engine.service.rules.rulebook import add_to, find_rule, rules_of
from engine.service.schemas import RuleBody
from engine.service.state import StateOf
from engine.service.store.scope import get_owned
from engine.service.store.tables import Metric

router = APIRouter(prefix="/metrics/code-based-metrics/{metric_id}/rules", tags=["rules"])


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
