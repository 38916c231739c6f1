"""Models: what is watched, how often, how far back, and by which segments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session

from engine.errors import UsageError
from engine.models import parse_duration, parse_zone
from engine.service.answers import Deleted, ModelShown
from engine.service.lists import PageOf
from engine.service.problems import unprocessable
from engine.service.quotas import refuse_more
from engine.service.routes.segments import (
    add_segment,
    look_at_versions,
    note_found,
    refuse_unfit,
    show_segment,
)
from engine.service.schedule import MOST_WINDOWS, at_most, windows_within
from engine.service.schemas import ModelBody
from engine.service.segments import segment_group
from engine.service.state import ScopeOf, StateOf
from engine.service.store.scope import get_model, models_of, refuse_known_name, segments_by_model, segments_of
from engine.service.store.tables import DataSegment, Model

router = APIRouter(prefix="/models", tags=["models"])


@router.post("", response_model=ModelShown, response_model_exclude_unset=True)
def create_model(body: ModelBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Make a model."""
    _check(body)
    with state.database.session() as session:
        refuse_known_name(session, scope, body.name)
        refuse_more(session, scope.account, models=1)
        model = Model(account=scope.account, workspace=scope.workspace)
        _change(session, model, body)
        return _show(model, segments_of(session, model.id))


@router.get("", response_model=list[ModelShown], response_model_exclude_unset=True)
def list_models(scope: ScopeOf, state: StateOf, page: PageOf) -> list[dict[str, Any]]:
    """The models of the workspace, oldest first."""
    with state.database.reading() as session:
        models = page.read(session, models_of(scope), Model)
        segments = segments_by_model(session, [model.id for model in models])
        return [_show(model, segments[model.id]) for model in models]


@router.get("/{model_id}", response_model=ModelShown, response_model_exclude_unset=True)
def get_one_model(model_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """A model."""
    with state.database.reading() as session:
        model = get_model(session, scope, model_id)
        return _show(model, segments_of(session, model.id))


@router.put("/{model_id}", response_model=ModelShown, response_model_exclude_unset=True)
def change_model(model_id: str, body: ModelBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Change a model. What was calculated stays."""
    _check(body)
    with state.database.reading() as session:
        get_model(session, scope, model_id)
    wanted = {str(place): segment_group(one.definition()) for place, one in enumerate(body.segments or ())}
    found = look_at_versions(state, scope, model_id, body.zone, wanted)
    for place in wanted:
        refuse_unfit(found, place, f"segments.{place}")
    with state.database.session() as session:
        model = get_model(session, scope, model_id)
        refuse_known_name(session, scope, body.name, but=model.id)
        made = _change(session, model, body)
        note_found(session, found, {str(place): one.id for place, one in enumerate(made)})
        return _show(model, segments_of(session, model.id))


@router.delete("/{model_id}", response_model=Deleted)
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
        too_many = too_many or at_most(start, now, body.aggregation_period) > 2 * MOST_WINDOWS
        if not too_many:
            found = windows_within(start, now, body.aggregation_period, body.zone)
            too_many = len(found) > MOST_WINDOWS
    except UsageError:
        too_many = True
    if too_many:
        raise unprocessable(
            "retention",
            f"it holds more than {MOST_WINDOWS:,} windows, or 30 years; use less, or a longer period",
        )


def _change(session: Session, model: Model, body: ModelBody) -> list[DataSegment]:
    """Change it; return the segment groups that were made."""
    model.name, model.zone = body.name, body.zone
    model.aggregation_period, model.retention = body.aggregation_period, body.retention
    if "baseline" in body.model_fields_set:
        model.baseline = None if body.baseline is None else body.baseline.model_dump(exclude_none=True)
    session.add(model)
    session.flush()
    if body.segments is not None:
        for old in segments_of(session, model.id):
            session.delete(old)
        made = [add_segment(session, model.id, segment) for segment in body.segments]
        session.flush()
        return made
    return []


def _show(model: Model, segments: list[DataSegment]) -> dict[str, Any]:
    return {
        "id": model.id,
        "name": model.name,
        "aggregation_period": model.aggregation_period,
        "retention": model.retention,
        "zone": model.zone,
        "segments": [show_segment(segment) for segment in segments],
        "baseline": model.baseline,
        "created_at": model.created_at.isoformat(),
    }
