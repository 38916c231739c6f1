"""The columns of a model's data, as Aporia's clients said what they are."""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from sqlalchemy.orm import Session

from engine.service.admission.requests import ScopeOf
from engine.service.aporia.answers import FieldShown
from engine.service.aporia.words import GROUPS
from engine.service.schemas import Id
from engine.service.state import StateOf
from engine.service.store.scope import get_model
from engine.service.store.tables import ModelVersion, StoredDataset

elsewhere = APIRouter(prefix="/v1/crud-service/{account}/{workspace}/fields", tags=["for Aporia's clients"])


@elsewhere.get("", response_model=list[FieldShown])
def list_fields(model_id: Id, scope: ScopeOf, state: StateOf) -> list[dict[str, Any]]:
    """The columns of all datasets of a model, each group and name once."""
    with state.database.reading() as session:
        get_model(session, scope, model_id)
        return list(fields_of(session, model_id).values())


def fields_of(session: Session, model_id: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The same by group and name; what a newer version says of one goes first."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for version, dataset in _datasets(session, model_id):
        for group in GROUPS:
            for column in (dataset.columns or {}).get(group, ()):
                made = version.created_at.isoformat()
                before = found.get((group, column["name"]))
                found[group, column["name"]] = {
                    "id": field_id(model_id, group, column["name"]),
                    "name": column["name"],
                    "model_id": model_id,
                    "type": column["type"],
                    "group": group,
                    "properties": column["properties"],
                    "created_at": made if before is None else before["created_at"],
                    "updated_at": made,
                }
    return found


def kind_of(session: Session, model_id: str, name: str) -> str | None:
    """Of which type a column is, if a client said it."""
    kinds = [field["type"] for (_, known), field in fields_of(session, model_id).items() if known == name]
    return kinds[-1] if kinds else None


def field_id(model_id: str, group: str, name: str) -> str:
    """What a column is called by its id: always the same, as it has no row of its own."""
    return hashlib.sha256(repr((model_id, group, name)).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _datasets(session: Session, model_id: str) -> list[tuple[ModelVersion, StoredDataset]]:
    of = sa.or_(ModelVersion.serving_id == StoredDataset.id, ModelVersion.training_id == StoredDataset.id)
    query = sa.select(ModelVersion, StoredDataset).join(StoredDataset, of)
    query = query.where(ModelVersion.model_id == model_id).order_by(ModelVersion.seq, StoredDataset.seq)
    return [(version, dataset) for version, dataset in session.execute(query)]
