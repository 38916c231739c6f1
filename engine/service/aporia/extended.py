"""A segment group with what Aporia's clients need to draw it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from engine.service.admission.requests import ScopeOf
from engine.service.aporia import segments as spelling
from engine.service.aporia.answers import SegmentExtended
from engine.service.aporia.fields import field_id, fields_of
from engine.service.state import StateOf
from engine.service.store.scope import get_owned
from engine.service.store.tables import DataSegment

elsewhere = APIRouter(
    prefix="/v1/crud-service/{account}/{workspace}/data-segments", tags=["for Aporia's clients"]
)


@elsewhere.get("/{segment_id}", response_model=SegmentExtended)
def get_extended(segment_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """A segment group, with the type of its field."""
    with state.database.reading() as session:
        segment = get_owned(session, scope, DataSegment, segment_id)
        definition, field = segment.definition, spelling.field_of(segment.definition)
        shown = None
        if field is not None:
            fields = fields_of(session, segment.model_id).values()
            said = next((one for one in fields if one["name"] == field), None)
            shown = {
                "id": field_id(segment.model_id, "", field) if said is None else said["id"],
                "name": field,
                "type": spelling.kind_of_field(definition, None if said is None else said["type"]),
            }
        return {
            "id": segment.id,
            "name": segment.name or spelling.name_of(definition),
            "model_id": segment.model_id,
            "is_custom_segment": field is None,
            "create_composite_segments": segment.is_global_filter,
            "field": shown,
            "values": spelling.values_of(definition),
            "terms_values": spelling.terms_of(definition),
            "created_at": segment.created_at.isoformat(),
        }
