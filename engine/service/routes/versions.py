"""Model versions, and the datasets that they serve and were trained with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session

from engine import SegmentGroup
from engine.service.admission.requests import ScopeOf
from engine.service.answers import Deleted, VersionShown
from engine.service.data.datasets import SourceOwner, check_source
from engine.service.data.health import Data, Fit, version_health
from engine.service.lists import PageOf
from engine.service.problems import unprocessable
from engine.service.schemas import DatasetBody, ModelVersionBody, ModelVersionChange
from engine.service.segments import groups_of
from engine.service.state import ServiceState, StateOf
from engine.service.store.scope import (
    datasets_of_versions,
    get_model,
    get_owned,
    is_alone,
    owned,
    segments_by_model,
    segments_of,
)
from engine.service.store.tables import ModelVersion, StoredDataset, utc_now

router = APIRouter(prefix="/model-versions", tags=["model versions"])


@router.post("", response_model=VersionShown)
def create_version(body: ModelVersionBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Add a version to a model. Its data is looked at: `health` says whether it can be calculated.

    A column of time that the data does not have is refused; data that is not there yet may come later.
    Without a column of time a version can be validated, and is never scheduled.
    """
    with state.database.reading() as session:
        reader = SourceOwner(scope.account, is_alone(session))
    for dataset in (body.serving_dataset, body.training_dataset):
        if dataset is not None:
            check_source(dataset.source, state.settings, reader)
    with state.database.reading() as session:
        zone = get_model(session, scope, body.model_id).zone
        groups = groups_of(segments_of(session, body.model_id))
    seen = look_at_data(state, reader, zone, body.serving_dataset, "serving_dataset.timestamp", groups)
    learnt = look_at_data(state, reader, zone, body.training_dataset, "training_dataset.timestamp", {})
    with state.database.session() as session:
        get_model(session, scope, body.model_id)
        serving = add_dataset(session, body.model_id, body.serving_dataset, seen)
        training = add_dataset(session, body.model_id, body.training_dataset, learnt)
        version = ModelVersion(
            model_id=body.model_id,
            name=body.name,
            serving_id=None if serving is None else serving.id,
            training_id=None if training is None else training.id,
        )
        session.add(version)
        session.flush()
        return _show_all(session, [version])[0]


@router.get("", response_model=list[VersionShown])
def list_versions(
    scope: ScopeOf, state: StateOf, page: PageOf, model_id: str | None = None
) -> list[dict[str, Any]]:
    """The versions of the workspace's models, or of one model, oldest first."""
    with state.database.reading() as session:
        return _show_all(session, page.read(session, owned(scope, ModelVersion, model_id), ModelVersion))


@router.get("/{version_id}", response_model=VersionShown)
def get_version(version_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """A version."""
    with state.database.reading() as session:
        return _show_all(session, [get_owned(session, scope, ModelVersion, version_id)])[0]


@router.put("/{version_id}", response_model=VersionShown)
def change_version(
    version_id: str, body: ModelVersionChange, scope: ScopeOf, state: StateOf
) -> dict[str, Any]:
    """Rename a version, or say whether it is calculated. What was calculated stays."""
    with state.database.session() as session:
        version = get_owned(session, scope, ModelVersion, version_id)
        version.name = body.name or version.name
        if body.is_active is not None:
            version.is_active = body.is_active
        return _show_all(session, [version])[0]


@router.delete("/{version_id}", response_model=Deleted)
def delete_version(version_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Delete a version with its datasets and their results."""
    with state.database.session() as session:
        version = get_owned(session, scope, ModelVersion, version_id)
        for dataset_id in (version.serving_id, version.training_id):
            if dataset_id is not None:
                session.delete(get_owned(session, scope, StoredDataset, dataset_id))
        session.flush()
        session.delete(version)
    return {"id": version_id, "deleted": True}


def look_at_data(
    state: ServiceState,
    reader: SourceOwner,
    zone: str,
    body: DatasetBody | None,
    field: str,
    groups: Mapping[str, SegmentGroup],
) -> Fit | None:
    """What is found of data; None if it cannot be said now.

    Raises:
        ApiProblem: it has no such column of time.
    """
    if body is None:
        return None
    fit = state.looker.look(Data(body.source, body.timestamp, zone, reader, body.text().given()), groups)
    if fit is not None and fit.wrong == "timestamp":
        raise unprocessable(field, fit.error or "")
    return fit


def add_dataset(
    session: Session, model_id: str, body: DatasetBody | None, fit: Fit | None
) -> StoredDataset | None:
    """Add a dataset to a model, with what was found of it; without a body nothing."""
    if body is None:
        return None
    health = None if fit is None else fit.to_dict(utc_now())
    dataset = StoredDataset(
        model_id=model_id,
        source=body.source,
        timestamp=body.timestamp,
        text=body.text().given() or None,
        health=health,
    )
    session.add(dataset)
    session.flush()
    return dataset


def _show_all(session: Session, versions: Sequence[ModelVersion]) -> list[dict[str, Any]]:
    datasets = datasets_of_versions(session, versions)
    segments = segments_by_model(session, sorted({version.model_id for version in versions}))
    return [
        _show(version, datasets, frozenset(one.id for one in segments[version.model_id]))
        for version in versions
    ]


def _show(
    version: ModelVersion, datasets: Mapping[str, StoredDataset], segments: frozenset[str]
) -> dict[str, Any]:
    training = datasets.get(version.training_id or "")
    return {
        "id": version.id,
        "model_id": version.model_id,
        "name": version.name,
        "is_active": version.is_active,
        "serving_dataset": _show_dataset(datasets.get(version.serving_id or "")),
        "training_dataset": None if training is None else _show_dataset(training),
        "health": version_health(version, datasets, segments),
        "created_at": version.created_at.isoformat(),
    }


def _show_dataset(dataset: StoredDataset | None) -> dict[str, Any]:
    """Always an object: scripts look for its id."""
    if dataset is None:
        return {"id": None, "source": None, "timestamp": None}
    shown = {"id": dataset.id, "source": dataset.source, "timestamp": dataset.timestamp}
    return {**shown, **(dataset.text or {})}
