"""Data segments: the segment groups of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter
from sqlalchemy.orm import Session

from engine import SegmentGroup
from engine.service.answers import DataSegmentShown, Deleted
from engine.service.datasets import Reader
from engine.service.health import Data, Fit, note_fit, segment_health
from engine.service.lists import PageOf
from engine.service.problems import unprocessable
from engine.service.schemas import DataSegmentBody, SegmentBody
from engine.service.segments import segment_group
from engine.service.state import ScopeOf, State, StateOf
from engine.service.store.scope import Scope, get_model, get_owned, is_alone, owned, served
from engine.service.store.tables import DataSegment, ModelVersion, StoredDataset, utc_now

# What a group is called before it has an id.
_NEW: Final = "new"
# Data of so many versions is looked at for a new group, the newest ones.
_VERSIONS: Final = 5

router = APIRouter(prefix="/data-segments", tags=["data segments"])


@router.post("", response_model=DataSegmentShown, response_model_exclude_unset=True)
def create_segment(body: DataSegmentBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Add a segment group to a model. One that fits the data of none of its versions is refused."""
    group = segment_group(body.definition())
    with state.database.reading() as session:
        zone = get_model(session, scope, body.model_id).zone
    found = look_at_versions(state, scope, body.model_id, zone, {_NEW: group})
    refuse_unfit(found, _NEW, "where" if body.where else "by")
    with state.database.session() as session:
        get_model(session, scope, body.model_id)
        segment = add_segment(session, body.model_id, body)
        note_found(session, found, {_NEW: segment.id})
        return _describe(segment, served(session, [segment.model_id])[segment.model_id])


@router.get("", response_model=list[DataSegmentShown], response_model_exclude_unset=True)
def list_segments(
    scope: ScopeOf, state: StateOf, page: PageOf, model_id: str | None = None
) -> list[dict[str, Any]]:
    """The segment groups of the workspace, or of one model, oldest first."""
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


@router.delete("/{segment_id}", response_model=Deleted)
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


def look_at_versions(
    state: State, scope: Scope, model_id: str, zone: str, groups: Mapping[str, SegmentGroup]
) -> dict[str, Fit]:
    """What is found of new segment groups on each serving dataset of a model, by the datasets' ids."""
    if not groups:
        return {}
    with state.database.reading() as session:
        reader = Reader(scope.account, is_alone(session))
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
    return {**show_segment(segment), "health": segment_health(segment.id, seen)}
