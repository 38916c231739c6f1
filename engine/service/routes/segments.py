"""Data segments: the segment groups of a model."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session

from engine.service.schemas import DataSegmentBody, SegmentBody
from engine.service.segments import segment_group
from engine.service.state import ScopeOf, StateOf
from engine.service.store.scope import get_model, get_owned, owned
from engine.service.store.tables import DataSegment

router = APIRouter(prefix="/data-segments", tags=["data segments"])


@router.post("")
def create_segment(body: DataSegmentBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Add a segment group to a model."""
    with state.database.session() as session:
        get_model(session, scope, body.model_id)
        return show_segment(add_segment(session, body.model_id, body))


@router.get("")
def list_segments(scope: ScopeOf, state: StateOf, model_id: str | None = None) -> list[dict[str, Any]]:
    """The segment groups of the workspace, or of one model, oldest first."""
    with state.database.reading() as session:
        return [show_segment(segment) for segment in session.scalars(owned(scope, DataSegment, model_id))]


@router.get("/{segment_id}")
def get_segment(segment_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """A segment group."""
    with state.database.reading() as session:
        return show_segment(get_owned(session, scope, DataSegment, segment_id))


@router.delete("/{segment_id}")
def delete_segment(segment_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Delete a segment group. What was calculated by it stays."""
    with state.database.session() as session:
        session.delete(get_owned(session, scope, DataSegment, segment_id))
    return {"id": segment_id, "deleted": True}


def add_segment(session: Session, model_id: str, body: SegmentBody) -> DataSegment:
    """Add one to a model.

    Raises:
        UsageError: its edges, values or names make no sense.
    """
    definition = body.definition()
    segment_group(definition)
    segment = DataSegment(model_id=model_id, definition=definition)
    session.add(segment)
    session.flush()
    return segment


def show_segment(segment: DataSegment) -> dict[str, Any]:
    """Its JSON form."""
    return {"id": segment.id, "model_id": segment.model_id, **segment.definition}
