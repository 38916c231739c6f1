"""Model versions, and the datasets that they serve and were trained with."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session

from engine.service.datasets import check_source
from engine.service.schemas import DatasetBody, ModelVersionBody
from engine.service.state import ScopeOf, StateOf
from engine.service.store.scope import get_model, get_owned, owned
from engine.service.store.tables import ModelVersion, StoredDataset

router = APIRouter(prefix="/model-versions", tags=["model versions"])


@router.post("")
def create_version(body: ModelVersionBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Add a version to a model."""
    for dataset in (body.serving_dataset, body.training_dataset):
        if dataset is not None:
            check_source(dataset.source, state.settings)
    with state.database.session() as session:
        get_model(session, scope, body.model_id)
        serving = _add(session, body.model_id, body.serving_dataset)
        training = _add(session, body.model_id, body.training_dataset)
        assert serving is not None
        version = ModelVersion(
            model_id=body.model_id,
            name=body.name,
            serving_id=serving.id,
            training_id=None if training is None else training.id,
        )
        session.add(version)
        session.flush()
        return _show(session, version)


@router.get("")
def list_versions(scope: ScopeOf, state: StateOf, model_id: str | None = None) -> list[dict[str, Any]]:
    """The versions of the workspace's models, or of one model, oldest first."""
    with state.database.reading() as session:
        return [_show(session, version) for version in session.scalars(owned(scope, ModelVersion, model_id))]


@router.get("/{version_id}")
def get_version(version_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """A version."""
    with state.database.reading() as session:
        return _show(session, get_owned(session, scope, ModelVersion, version_id))


@router.delete("/{version_id}")
def delete_version(version_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Delete a version with its datasets and their results."""
    with state.database.session() as session:
        version = get_owned(session, scope, ModelVersion, version_id)
        for dataset_id in (version.serving_id, version.training_id):
            if dataset_id is not None:
                session.delete(get_owned(session, scope, StoredDataset, dataset_id))
    return {"id": version_id, "deleted": True}


def _add(session: Session, model_id: str, body: DatasetBody | None) -> StoredDataset | None:
    if body is None:
        return None
    dataset = StoredDataset(model_id=model_id, source=body.source, timestamp=body.timestamp)
    session.add(dataset)
    session.flush()
    return dataset


def _show(session: Session, version: ModelVersion) -> dict[str, Any]:
    return {
        "id": version.id,
        "model_id": version.model_id,
        "name": version.name,
        "serving_dataset": _show_dataset(session, version.serving_id),
        "training_dataset": _show_dataset(session, version.training_id),
        "created_at": version.created_at.isoformat(),
    }


def _show_dataset(session: Session, dataset_id: str | None) -> dict[str, Any] | None:
    found = session.query(StoredDataset).filter_by(id=dataset_id).one_or_none() if dataset_id else None
    return None if found is None else {"id": found.id, "source": found.source, "timestamp": found.timestamp}
