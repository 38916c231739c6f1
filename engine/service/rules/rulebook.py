"""Rules in the database, for the command line: shown, added, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from engine.errors import UsageError
from engine.service.errors import NotFound, ServiceError
from engine.service.problems import ApiProblem
from engine.service.routes.rules import add_to, find_rule, rules_of
from engine.service.schemas import RuleBody
from engine.service.store.database import Database
from engine.service.store.scope import Scope, get_owned
from engine.service.store.tables import Metric


def list_rules(database_url: str, account: str, workspace: str, metric_id: str) -> list[dict[str, Any]]:
    """The rules of a metric, as the HTTP API shows them.

    Raises:
        UsageError: there is no such metric, or no such database.
    """
    with Database.migrated(database_url) as database, database.reading() as session:
        try:
            return rules_of(session, get_owned(session, Scope(account, workspace), Metric, metric_id).id)
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
            return add_to(session, Scope(account, workspace), metric_id, wanted, webhooks)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{field + ': ' if field else ''}{first['msg']}") from None
    except (ApiProblem, ServiceError) as problem:
        raise UsageError(problem.message) from None


def delete_rule(database_url: str, account: str, workspace: str, metric_id: str, rule_id: str) -> None:
    """Delete a rule.

    Raises:
        UsageError: there is no such rule, or no such database.
    """
    with Database.migrated(database_url) as database, database.session() as session:
        try:
            session.delete(find_rule(session, Scope(account, workspace), metric_id, rule_id))
        except NotFound as missing:
            raise UsageError(missing.message) from None
