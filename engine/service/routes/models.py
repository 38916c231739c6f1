"""Models: what is watched, how often, how far back, and by which segments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy.orm import Session

from engine.errors import UsageError
from engine.models import parse_duration, parse_zone
from engine.service.problems import unprocessable
from engine.service.routes.segments import add_segment, show_segment
from engine.service.schedule import windows_within
from engine.service.schemas import ModelBody
from engine.service.state import ScopeOf, StateOf
from engine.service.store.scope import get_model, models_of, segments_of
from engine.service.store.tables import Model

router = APIRouter(prefix="/models", tags=["models"])

_MOST_WINDOWS: Final = 20_000


@router.post("")
def create_model(body: ModelBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Make a model."""
    _check(body)
    with state.database.session() as session:
        model = Model(account=scope.account, workspace=scope.workspace)
        _change(session, model, body)
        return _show(session, model)


@router.get("")
def list_models(scope: ScopeOf, state: StateOf) -> list[dict[str, Any]]:
    """The models of the workspace, oldest first."""
    with state.database.reading() as session:
        return [_show(session, model) for model in session.scalars(models_of(scope))]


@router.get("/{model_id}")
def get_one_model(model_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """A model."""
    with state.database.reading() as session:
        return _show(session, get_model(session, scope, model_id))


@router.put("/{model_id}")
def change_model(model_id: str, body: ModelBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Change a model. What was calculated stays."""
    _check(body)
    with state.database.session() as session:
        model = get_model(session, scope, model_id)
        _change(session, model, body)
        return _show(session, model)


@router.delete("/{model_id}")
def delete_model(model_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Delete a model with its versions, metrics and results."""
    with state.database.session() as session:
        session.delete(get_model(session, scope, model_id))
    return {"id": model_id, "deleted": True}


def _check(body: ModelBody) -> None:
    """Refuse what the schedule could not work with."""
    now = datetime.now(UTC)
    parse_zone(body.zone)
    duration = parse_duration(body.retention, what="retention")
    try:
        start = duration.before(now, parse_zone(body.zone))
        too_many = now - start > timedelta(days=366 * 30)
        if not too_many:
            found = windows_within(start, now, body.aggregation_period, body.zone)
            too_many = len(found) > _MOST_WINDOWS
    except UsageError:
        too_many = True
    if too_many:
        raise unprocessable(
            "retention",
            f"it holds more than {_MOST_WINDOWS:,} windows, or 30 years; use less, or a longer period",
        )


def _change(session: Session, model: Model, body: ModelBody) -> None:
    model.name, model.zone = body.name, body.zone
    model.aggregation_period, model.retention = body.aggregation_period, body.retention
    session.add(model)
    session.flush()
    if body.segments is not None:
        for old in segments_of(session, model.id):
            session.delete(old)
        for segment in body.segments:
            add_segment(session, model.id, segment)
        session.flush()


def _show(session: Session, model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "name": model.name,
        "aggregation_period": model.aggregation_period,
        "retention": model.retention,
        "zone": model.zone,
        "segments": [show_segment(segment) for segment in segments_of(session, model.id)],
        "created_at": model.created_at.isoformat(),
    }
