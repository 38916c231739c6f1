"""Code-based metrics, and the versions of their code."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session

from engine.service.leases import POISONED
from engine.service.problems import ApiProblem, not_found, problem_fields
from engine.service.schemas import MetricBody, MetricChange
from engine.service.state import ScopeOf, State, StateOf
from engine.service.store.scope import Scope, current_version, get_model, get_owned, owned
from engine.service.store.tables import Metric, MetricVersion, Work

router = APIRouter(prefix="/metrics/code-based-metrics", tags=["metrics"])


@router.post("")
def create_metric(body: MetricBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Register a metric. Source that does not compile is refused with every problem."""
    with state.database.reading() as session:
        get_model(session, scope, body.model_id)
    warnings = _compile(state, scope, body.code)
    with state.database.session() as session:
        metric = Metric(model_id=body.model_id, name=body.name)
        session.add(metric)
        session.flush()
        version = _add_code(session, metric, body.code, warnings)
        return _describe(metric, version, _good_health())


@router.get("")
def list_metrics(scope: ScopeOf, state: StateOf, model_id: str | None = None) -> list[dict[str, Any]]:
    """The metrics of the workspace, or of one model, oldest first."""
    with state.database.reading() as session:
        return [_show(session, metric) for metric in session.scalars(owned(scope, Metric, model_id))]


@router.get("/{metric_id}")
def get_metric(metric_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """A metric with its code."""
    with state.database.reading() as session:
        return _show(session, get_owned(session, scope, Metric, metric_id))


@router.put("/{metric_id}")
def change_metric(metric_id: str, body: MetricChange, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Change a metric's name or code. Other code makes a new version, which is calculated from then on."""
    with state.database.session() as session:
        get_owned(session, scope, Metric, metric_id)
    warnings = [] if body.code is None else _compile(state, scope, body.code)
    with state.database.session() as session:
        metric = get_owned(session, scope, Metric, metric_id)
        try:
            session.refresh(metric, with_for_update=True)
        except InvalidRequestError:  # deleted meanwhile
            raise not_found("metric") from None
        metric.name = body.name or metric.name
        metric.updated_at = datetime.now(UTC)
        if body.code is not None and body.code != current_version(session, metric).code:
            metric.version += 1
            metric.failures, metric.blocked_until = 0, None
            _add_code(session, metric, body.code, warnings)
        return _show(session, metric)


@router.delete("/{metric_id}")
def delete_metric(metric_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Delete a metric with its versions and results."""
    with state.database.session() as session:
        session.delete(get_owned(session, scope, Metric, metric_id))
    return {"id": metric_id, "deleted": True}


@router.get("/{metric_id}/versions")
def list_codes(metric_id: str, scope: ScopeOf, state: StateOf) -> list[dict[str, Any]]:
    """Every code that a metric had, oldest first."""
    with state.database.reading() as session:
        metric = get_owned(session, scope, Metric, metric_id)
        query = sa.select(MetricVersion).where(MetricVersion.metric_id == metric.id)
        return [
            {
                "version": version.number,
                "code": version.code,
                "sha256": version.sha256,
                "warnings": version.warnings,
                "created_at": version.created_at.isoformat(),
            }
            for version in session.scalars(query.order_by(MetricVersion.number))
        ]


def _compile(state: State, scope: Scope, code: str) -> list[dict[str, object]]:
    """Compile in a sandboxed worker; return the warnings.

    Raises:
        ApiProblem: there are errors.
    """
    most = state.settings.limits.source_bytes
    if len(code.encode("utf-8", "surrogatepass")) > most:
        raise ApiProblem(422, "source-too-large", f"the source has more than {most:,} bytes")
    problems = state.engine.check(code, tenant=scope.account)
    shown = [problem_fields(problem) for problem in problems]
    if any(problem.severity == "error" for problem in problems):
        count = sum(problem.severity == "error" for problem in problems)
        raise ApiProblem(
            422, "source-refused", f"the source has {count} problem{'s'[: count > 1]}", problems=shown
        )
    return shown


def _add_code(
    session: Session, metric: Metric, code: str, warnings: list[dict[str, object]]
) -> MetricVersion:
    digest = hashlib.sha256(code.encode()).hexdigest()
    version = MetricVersion(
        metric_id=metric.id, number=metric.version, code=code, sha256=digest, warnings=warnings
    )
    session.add(version)
    session.flush()
    return version


def _show(session: Session, metric: Metric) -> dict[str, Any]:
    version = current_version(session, metric)
    return _describe(metric, version, _health(session, metric, version))


def _describe(metric: Metric, version: MetricVersion, health: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": metric.id,
        "model_id": metric.model_id,
        "name": metric.name,
        "code": version.code,
        "version": metric.version,
        "warnings": version.warnings,
        "health": health,
        "created_at": metric.created_at.isoformat(),
        "updated_at": metric.updated_at.isoformat(),
    }


def _good_health() -> dict[str, Any]:
    return {"status": "good", "failures": 0, "paused_until": None, "error": None, "next_try": None}


def _health(session: Session, metric: Metric, version: MetricVersion) -> dict[str, Any]:
    """How its calculation goes: "poisoned" if some work was given up, and is tried again ever later."""
    query = sa.select(Work.error, Work.not_before).where(
        Work.metric_version_id == version.id, Work.state == POISONED
    )
    given_up = session.execute(query.order_by(Work.seq.desc()).limit(1)).one_or_none()
    status = "poisoned" if given_up is not None else "failing" if metric.failures else "good"
    return {
        "status": status,
        "failures": metric.failures,
        "paused_until": _iso(metric.blocked_until),
        "error": None if given_up is None else given_up.error,
        "next_try": None if given_up is None else _iso(given_up.not_before),
    }


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
