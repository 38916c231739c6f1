"""Code-based metrics, and the versions of their code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session, defer

from engine.models.codes import PARAMETERS
from engine.models.problems import problem_fields
from engine.service.admission.quotas import refuse_more
from engine.service.admission.requests import ScopeOf
from engine.service.answers import CodeShown, Deleted, MetricListed, MetricShown
from engine.service.data.baselines import can_compare
from engine.service.errors import NotFound
from engine.service.lists import PageOf
from engine.service.problems import ApiProblem
from engine.service.schemas import MetricBody, MetricChange
from engine.service.state import ServiceState, StateOf
from engine.service.store.kinds import POISONED
from engine.service.store.scope import WorkspaceScope, current_version, get_model, get_owned, owned
from engine.service.store.tables import Metric, MetricVersion, Work
from sandbox.contract.messages import Problem

_CODES: Final = 100

router = APIRouter(prefix="/metrics/code-based-metrics", tags=["metrics"])


@router.post("", response_model=MetricShown)
def create_metric(body: MetricBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Register a metric. Source that does not compile, or parameters that do not fit, are refused at once."""
    with state.database.reading() as session:
        compares = can_compare(session, get_model(session, scope, body.model_id))
        refuse_more(session, scope.account, metrics=1, bytes=len(body.code))
    warnings = _compile(state, scope, body.code, body.params, compares=compares)
    with state.database.session() as session:
        get_model(session, scope, body.model_id)
        refuse_more(session, scope.account, metrics=1, bytes=len(body.code))
        metric = Metric(model_id=body.model_id, name=body.name)
        session.add(metric)
        session.flush()
        version = _add_code(session, metric, body.code, body.params, warnings)
        return _describe(metric, version, _good_health())


@router.get("", response_model=list[MetricListed])
def list_metrics(
    scope: ScopeOf, state: StateOf, page: PageOf, model_id: str | None = None
) -> list[dict[str, Any]]:
    """The metrics of the workspace, or of one model, oldest first; each shows its code by its id."""
    with state.database.reading() as session:
        metrics = page.read(session, owned(scope, Metric, model_id), Metric)
        current = sa.and_(Metric.id == MetricVersion.metric_id, Metric.version == MetricVersion.number)
        query = sa.select(MetricVersion).join(Metric, current).options(defer(MetricVersion.code))
        query = query.where(Metric.id.in_([metric.id for metric in metrics]))
        versions = {version.metric_id: version for version in session.scalars(query)}
        lost = given_up(session, [version.id for version in versions.values()])
        return [
            _listed(metric, version, metric_health(metric, lost.get(version.id)))
            for metric in metrics
            for version in (versions[metric.id],)
        ]


@router.get("/{metric_id}", response_model=MetricShown)
def get_metric(metric_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """A metric with its code."""
    with state.database.reading() as session:
        return _show(session, get_owned(session, scope, Metric, metric_id))


@router.put("/{metric_id}", response_model=MetricShown)
def change_metric(metric_id: str, body: MetricChange, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Change a metric's name, code or parameters. A new version is calculated from then on."""
    with state.database.session() as session:
        found = get_owned(session, scope, Metric, metric_id)
        seen = current_version(session, found)
        compares = can_compare(session, get_model(session, scope, found.model_id))
    wanted = _wanted(seen, body)
    changes = body.code is not None or body.params is not None
    warnings = _compile(state, scope, *wanted, compares=compares) if changes else []
    with state.database.session() as session:
        metric = get_owned(session, scope, Metric, metric_id)
        try:
            session.refresh(metric, with_for_update=True)
        except InvalidRequestError:  # deleted meanwhile
            raise NotFound("metric") from None
        metric.name = body.name or metric.name
        metric.updated_at = datetime.now(UTC)
        known = current_version(session, metric)
        if _wanted(known, body) != wanted:
            raise ApiProblem(409, "conflict", "the metric was changed meanwhile", "ask again")
        if changes and not _same(wanted, (known.code, known.params or {})):
            refuse_more(session, scope.account, bytes=len(wanted[0]))
            metric.version += 1
            metric.failures, metric.blocked_until = 0, None
            _add_code(session, metric, *wanted, warnings)
        return _show(session, metric)


@router.delete("/{metric_id}", response_model=Deleted)
def delete_metric(metric_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Delete a metric with its versions and results."""
    with state.database.session() as session:
        session.delete(get_owned(session, scope, Metric, metric_id))
    return {"id": metric_id, "deleted": True}


@router.get("/{metric_id}/versions", response_model=list[CodeShown])
def list_codes(metric_id: str, scope: ScopeOf, state: StateOf, page: PageOf) -> list[dict[str, Any]]:
    """Every code that a metric had, oldest first; as codes are long, a hundred at most at a time."""
    with state.database.reading() as session:
        metric = get_owned(session, scope, Metric, metric_id)
        query = sa.select(MetricVersion).where(MetricVersion.metric_id == metric.id)
        return [
            {
                "version": version.number,
                "code": version.code,
                "params": version.params or {},
                "sha256": version.sha256,
                "warnings": version.warnings,
                "created_at": version.created_at.isoformat(),
            }
            for version in page.read(session, query, MetricVersion, _CODES)
        ]


def _wanted(version: MetricVersion, body: MetricChange) -> tuple[str, dict[str, Any]]:
    """The code and the parameters that a metric is to have."""
    code = version.code if body.code is None else body.code
    return code, (version.params or {}) if body.params is None else body.params


def _same(one: tuple[str, dict[str, Any]], other: tuple[str, dict[str, Any]]) -> bool:
    """Whether two codes with parameters are the same; 1, 1.0 and true are not."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _compile(
    state: ServiceState, scope: WorkspaceScope, code: str, params: dict[str, Any], *, compares: bool
) -> list[dict[str, object]]:
    """Compile in a sandboxed worker, and look at the parameters; return the warnings.

    `compares` says whether the model has a baseline.

    Raises:
        ApiProblem: the source or a parameter is refused.
    """
    problems = find_problems(state, scope, code, params, compares=compares)
    shown = [problem_fields(problem, "http") for problem in problems]
    if any(problem.severity == "error" for problem in problems):
        wrong = [problem for problem in problems if problem.severity == "error"]
        unfit = all(problem.code in PARAMETERS for problem in wrong)
        what, code = ("parameters have", "params-refused") if unfit else ("source has", "source-refused")
        text = f"the {what} {len(wrong)} problem{'s'[: len(wrong) > 1]}"
        raise ApiProblem(422, code, text, problems=shown)
    return shown


def find_problems(
    state: ServiceState, scope: WorkspaceScope, code: str, params: dict[str, Any], *, compares: bool
) -> Sequence[Problem]:
    """Every problem of a source and its parameters, errors and warnings; see `_compile`.

    Raises:
        ApiProblem: the source is too long.
    """
    most = state.settings.limits.source_bytes
    if len(code.encode("utf-8", "surrogatepass")) > most:
        raise ApiProblem(422, "source-too-large", f"the source has more than {most:,} bytes")
    return state.engine.check(code, tenant=scope.account, params=params, compares=compares)


def _add_code(
    session: Session,
    metric: Metric,
    code: str,
    params: dict[str, Any],
    warnings: list[dict[str, object]],
) -> MetricVersion:
    digest = hashlib.sha256(code.encode()).hexdigest()
    version = MetricVersion(
        metric_id=metric.id,
        number=metric.version,
        code=code,
        sha256=digest,
        params=params or None,
        warnings=warnings,
    )
    session.add(version)
    session.flush()
    return version


def _show(session: Session, metric: Metric) -> dict[str, Any]:
    version = current_version(session, metric)
    return _describe(metric, version, metric_health(metric, given_up(session, [version.id]).get(version.id)))


def _describe(metric: Metric, version: MetricVersion, health: dict[str, Any]) -> dict[str, Any]:
    return {**_listed(metric, version, health), "code": version.code}


def _listed(metric: Metric, version: MetricVersion, health: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": metric.id,
        "model_id": metric.model_id,
        "name": metric.name,
        "version": metric.version,
        "params": version.params or {},
        "warnings": version.warnings,
        "health": health,
        "created_at": metric.created_at.isoformat(),
        "updated_at": metric.updated_at.isoformat(),
    }


def _good_health() -> dict[str, Any]:
    return {"status": "good", "failures": 0, "paused_until": None, "error": None, "next_try": None}


def given_up(session: Session, versions: Sequence[str]) -> dict[str, Work]:
    """The last work of each code that was given up, where there is some."""
    last = sa.select(sa.func.max(Work.seq)).group_by(Work.metric_version_id)
    last = last.where(Work.metric_version_id.in_(versions), Work.state == POISONED)
    found = session.scalars(sa.select(Work).where(Work.seq.in_(last)))
    return {work.metric_version_id: work for work in found}


def metric_health(metric: Metric, lost: Work | None) -> dict[str, Any]:
    """How its calculation goes: "poisoned" if some work was given up, and is retried less and less often."""
    status = "poisoned" if lost is not None else "failing" if metric.failures else "good"
    return {
        "status": status,
        "failures": metric.failures,
        "paused_until": _iso(metric.blocked_until),
        "error": None if lost is None else lost.error,
        "next_try": None if lost is None else _iso(lost.not_before),
    }


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
