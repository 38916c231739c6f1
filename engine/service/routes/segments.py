"""Data segments: the segment groups of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from engine import SegmentGroup
from engine.service.admission.requests import ScopeOf
from engine.service.answers import DataSegmentShown, Deleted
from engine.service.aporia import segments as spelling
from engine.service.aporia.fields import kind_of
from engine.service.data.datasets import SourceOwner
from engine.service.data.health import Data, Fit, note_fit, segment_health
from engine.service.lists import PageOf
from engine.service.problems import unprocessable
from engine.service.schemas import DataSegmentBody, DataSegmentChange, SegmentBody
from engine.service.segments import names_of, segment_group
from engine.service.state import ServiceState, StateOf
from engine.service.store.scope import (
    WorkspaceScope,
    get_model,
    get_owned,
    is_alone,
    owned,
    segments_of,
    served,
)
from engine.service.store.tables import DataSegment, ModelVersion, StoredDataset, utc_now

# What a group is called before it has an id.
_NEW: Final = "new"
# Data of so many versions is looked at for a new group, the newest ones.
_VERSIONS: Final = 5

router = APIRouter(prefix="/data-segments", tags=["data segments"])


@router.post("", response_model=DataSegmentShown, response_model_exclude_unset=True)
def create_segment(body: DataSegmentBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Add a segment group to a model. One that fits the data of none of its versions is refused."""
    with state.database.reading() as session:
        zone = get_model(session, scope, body.model_id).zone
        definition = _definition(session, body)
    group = segment_group(definition)
    found = look_at_versions(state, scope, body.model_id, zone, {_NEW: group})
    refuse_unfit(found, _NEW, _field(body, definition))
    with state.database.session() as session:
        get_model(session, scope, body.model_id)
        segment = _add(session, body.model_id, definition)
        segment.name, segment.is_global_filter = body.name, body.is_global_filter
        keep_names(session, segment.model_id)
        note_found(session, found, {_NEW: segment.id})
        return _describe(segment, served(session, [segment.model_id])[segment.model_id])


@router.get("", response_model=list[DataSegmentShown], response_model_exclude_unset=True)
def list_segments(
    scope: ScopeOf,
    state: StateOf,
    page: PageOf,
    model_id: str | None = None,
    is_manually_created: Annotated[bool, Query(description="all are")] = True,
) -> list[dict[str, Any]]:
    """The segment groups of the workspace, or of one model, oldest first."""
    if not is_manually_created:
        return []
    with state.database.reading() as session:
        segments = page.read(session, owned(scope, DataSegment, model_id), DataSegment)
        versions = served(session, sorted({segment.model_id for segment in segments}))
        return [_describe(segment, versions[segment.model_id]) for segment in segments]


@router.get("/{segment_id}", response_model=DataSegmentShown, response_model_exclude_unset=True)
def get_segment(segment_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """A segment group."""
    with state.database.reading() as session:
        segment = get_owned(session, scope, DataSegment, segment_id)
        return _describe(segment, served(session, [segment.model_id])[segment.model_id])


@router.put("/{segment_id}", response_model=DataSegmentShown, response_model_exclude_unset=True)
def change_segment(
    segment_id: str, body: DataSegmentChange, scope: ScopeOf, state: StateOf
) -> dict[str, Any]:
    """Change a segment group. What was calculated by it stays."""
    with state.database.reading() as session:
        known = get_owned(session, scope, DataSegment, segment_id)
        zone = get_model(session, scope, known.model_id).zone
        definition = _changed(session, known, body)
    changes = definition != known.definition
    found = {}
    if changes:
        found = look_at_versions(state, scope, known.model_id, zone, {_NEW: segment_group(definition)})
        refuse_unfit(found, _NEW, "terms_values" if "terms" in definition else "field_name")
    with state.database.session() as session:
        segment = get_owned(session, scope, DataSegment, segment_id)
        keep_names(session, segment.model_id)
        segment.name = body.name or segment.name
        if body.is_global_filter is not None:
            segment.is_global_filter = body.is_global_filter
        if changes:
            segment.definition, segment.changed_at = definition, utc_now()
            keep_names(session, segment.model_id)
            note_found(session, found, {_NEW: segment.id})
        return _describe(segment, served(session, [segment.model_id])[segment.model_id])


@router.delete("/{segment_id}", response_model=Deleted)
def delete_segment(segment_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Delete a segment group. What was calculated by it stays."""
    with state.database.session() as session:
        segment = get_owned(session, scope, DataSegment, segment_id)
        keep_names(session, segment.model_id)
        session.delete(segment)
    return {"id": segment_id, "deleted": True}


def add_segment(session: Session, model_id: str, body: SegmentBody) -> DataSegment:
    """Add one to a model.

    Raises:
        UsageError: its edges, values or names make no sense.
    """
    return _add(session, model_id, body.definition())


def _add(session: Session, model_id: str, definition: dict[str, Any]) -> DataSegment:
    segment_group(definition)
    segment = DataSegment(model_id=model_id, definition=definition)
    session.add(segment)
    session.flush()
    return segment


def keep_names(session: Session, model_id: str) -> None:
    """Keep what results call the groups of a model that need a name, before and after one of them changes."""
    session.flush()
    segments = segments_of(session, model_id)
    names = names_of(segments)
    for segment in segments:
        if segment.id in names:
            segment.definition = {**segment.definition, "group": names[segment.id]}
    session.flush()


def show_segment(segment: DataSegment) -> dict[str, Any]:
    """A segment group as answers hold it: its definition flat beside its ids."""
    return {"id": segment.id, "model_id": segment.model_id, **segment.definition}


def look_at_versions(
    state: ServiceState, scope: WorkspaceScope, model_id: str, zone: str, groups: Mapping[str, SegmentGroup]
) -> dict[str, Fit]:
    """What is found of new segment groups on each serving dataset of a model, by the datasets' ids."""
    if not groups:
        return {}
    with state.database.reading() as session:
        reader = SourceOwner(scope.account, is_alone(session))
        datasets = [dataset for _, dataset in served(session, [model_id])[model_id]]
    found: dict[str, Fit] = {}
    for dataset in datasets[-_VERSIONS:]:
        fit = state.looker.look(
            Data(dataset.source, dataset.timestamp, zone, reader, dataset.text or {}), groups
        )
        if fit is not None and fit.error is None:
            found[dataset.id] = fit
    return found


def refuse_unfit(found: Mapping[str, Fit], key: str, field: str) -> None:
    """Refuse a segment group that fits none of the data that was looked at.

    Raises:
        ApiProblem: there is data, and it fits none.
    """
    wrong = [fit.segments[key] for fit in found.values() if key in fit.segments]
    if wrong and len(wrong) == len(found):
        raise unprocessable(field, wrong[-1])


def note_found(session: Session, found: Mapping[str, Fit], ids: Mapping[str, str]) -> None:
    """Keep what was found of new segment groups beside what is known of the others.

    Args:
        session: a transaction.
        found: by dataset, with the keys that the groups had before they were made.
        ids: of the groups, by those keys.
    """
    for dataset_id, fit in found.items():
        query = sa.select(StoredDataset).where(StoredDataset.id == dataset_id)
        dataset = session.scalars(query).one_or_none()
        if dataset is None:
            continue
        known = (dataset.health or {}).get("segments", {})
        fresh = {ids[key]: text for key, text in fit.segments.items() if key in ids}
        note_fit(session, dataset_id, Fit(segments={**known, **fresh}), utc_now())


def _describe(segment: DataSegment, versions: Sequence[tuple[ModelVersion, StoredDataset]]) -> dict[str, Any]:
    seen = [(version.id, dataset.health) for version, dataset in versions]
    definition = segment.definition
    return {
        **show_segment(segment),
        "health": segment_health(segment.id, seen),
        "name": segment.name or spelling.name_of(definition),
        "field_name": spelling.field_of(definition),
        "values": spelling.values_of(definition),
        "terms_values": spelling.terms_of(definition),
        "is_global_filter": segment.is_global_filter,
        "created_at": segment.created_at.isoformat(),
    }


def _definition(session: Session, body: DataSegmentBody) -> dict[str, Any]:
    """The definition of a new segment group, however it is spelled."""
    if body.terms_values is not None:
        return spelling.definition_of_terms(body.terms_values)
    if body.field_name is not None:
        kind = kind_of(session, body.model_id, body.field_name)
        return spelling.definition_of_field(body.field_name, body.values or (), kind)
    return body.definition()


def _field(body: DataSegmentBody, definition: Mapping[str, Any]) -> str:
    """Which field of a body the data does not fit."""
    if body.field_name is not None:
        return "field_name"
    if body.terms_values is not None:
        return "terms_values"
    return next(name for name in ("by", "where", "terms") if name in definition)


def _changed(session: Session, segment: DataSegment, body: DataSegmentChange) -> dict[str, Any]:
    """The definition that a segment group is to have."""
    known = segment.definition
    if body.terms_values is not None:
        if body.field_name is not None or body.values is not None:
            raise unprocessable("terms_values", "it cannot be combined with field_name and values")
        definition = spelling.definition_of_terms(body.terms_values)
        return {**definition, "group": known["group"]} if "group" in known else definition
    if body.field_name is None and body.values is None:
        return known
    field = body.field_name or spelling.field_of(known)
    values = spelling.values_of(known) if body.values is None else body.values
    if field is None or not values or (body.values is None and "by" not in known):
        raise unprocessable("values", "a segment of a field needs a field_name and values")
    definition = spelling.definition_of_field(field, values, kind_of(session, segment.model_id, field))
    # That the outer buckets count as well no client says here, so it stays.
    return {**definition, "outer": True} if known.get("outer") and "buckets" in definition else definition
