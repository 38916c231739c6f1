"""Models: what is watched, how often, how far back, and by which segments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy.orm import Session

from engine.errors import UsageError
from engine.models import parse_duration, parse_zone
from engine.service.admission.quotas import refuse_more
from engine.service.admission.requests import ScopeOf
from engine.service.answers import Deleted, ModelShown
from engine.service.aporia import words
from engine.service.lists import PageOf
from engine.service.problems import unprocessable
from engine.service.routes.segments import (
    add_segment,
    keep_names,
    look_at_versions,
    note_found,
    refuse_unfit,
    show_segment,
)
from engine.service.schemas import ModelBody, ModelChange
from engine.service.segments import segment_group
from engine.service.state import StateOf
from engine.service.store.scope import get_model, models_of, refuse_known_name, segments_by_model, segments_of
from engine.service.store.tables import DataSegment, Model
from engine.service.work.schedule import MOST_WINDOWS, at_most, windows_within

_LOOKS: Final = ("type", "description", "icon", "color", "owner")

router = APIRouter(prefix="/models", tags=["models"])


@router.post("", response_model=ModelShown, response_model_exclude_unset=True)
def create_model(body: ModelBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Make a model."""
    _check(body.retention, body.aggregation_period, body.zone)
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
def change_model(model_id: str, body: ModelChange, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Change a model: what is left out stays, and so does what was calculated."""
    with state.database.reading() as session:
        known = get_model(session, scope, model_id)
    zone = body.zone or known.zone
    _check(body.retention or known.retention, body.aggregation_period or known.aggregation_period, zone)
    wanted = {str(place): segment_group(one.definition()) for place, one in enumerate(body.segments or ())}
    found = look_at_versions(state, scope, model_id, zone, wanted)
    for place in wanted:
        refuse_unfit(found, place, f"segments.{place}")
    with state.database.session() as session:
        model = get_model(session, scope, model_id)
        if body.name is not None:
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


def _check(retention: str, period: str, zone: str) -> None:
    """Refuse what the schedule could not work with."""
    now = datetime.now(UTC)
    parse_zone(zone)
    duration = parse_duration(retention, what="retention")
    try:
        start = duration.before(now, parse_zone(zone))
        too_many = now - start > timedelta(days=366 * 30)
        too_many = too_many or at_most(start, now, period) > 2 * MOST_WINDOWS
        if not too_many:
            too_many = len(windows_within(start, now, period, zone)) > MOST_WINDOWS
    except UsageError:
        too_many = True
    if too_many:
        raise unprocessable(
            "retention",
            f"it holds more than {MOST_WINDOWS:,} windows, or 30 years; use less, or a longer period",
        )


def _change(session: Session, model: Model, body: ModelBody | ModelChange) -> list[DataSegment]:
    """Change it; return the segment groups that were made."""
    for name in ("name", "aggregation_period", "retention", "zone"):
        if (value := getattr(body, name)) is not None:
            setattr(model, name, value)
    if "baseline" in body.model_fields_set:
        model.baseline = None if body.baseline is None else body.baseline.model_dump(exclude_none=True)
    for name in _LOOKS:
        if name in body.model_fields_set:
            setattr(model, name, getattr(body, name))
    if isinstance(body, ModelChange) and body.model_type is not None:
        model.type = body.model_type
    session.add(model)
    session.flush()
    if body.segments is not None:
        for old in segments_of(session, model.id):
            session.delete(old)
        made = [add_segment(session, model.id, segment) for segment in body.segments]
        keep_names(session, model.id)
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
        "type": model.type or words.TYPE,
        "description": model.description,
        "icon": model.icon or words.ICON,
        "color": model.color or words.COLOR,
        "owner": model.owner,
        "created_at": model.created_at.isoformat(),
    }
