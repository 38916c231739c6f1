"""Finding things, always within the workspace of a key. What is elsewhere is as if it were not there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.service.problems import not_found
from engine.service.store.database import Database
from engine.service.store.tables import (
    DataSegment,
    Key,
    Metric,
    MetricVersion,
    Model,
    ModelVersion,
    StoredDataset,
)

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_Owned = TypeVar("_Owned", DataSegment, StoredDataset, ModelVersion, Metric)
_WHAT: Final = {
    DataSegment: "segment",
    StoredDataset: "dataset",
    ModelVersion: "model version",
    Metric: "metric",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The workspace that a request may see."""

    account: str
    workspace: str


def find_scope(database: Database, digest: str) -> Scope | None:
    """The workspace of a key's digest, or None if there is no such key or it was revoked."""
    with database.reading() as session:
        query = sa.select(Key).where(Key.digest == digest, Key.revoked_at.is_(None))
        key = session.scalars(query).one_or_none()
        return None if key is None else Scope(key.account, key.workspace)


def models_of(scope: Scope) -> sa.Select[Model]:
    """The models of a workspace, oldest first."""
    where = (Model.account == scope.account, Model.workspace == scope.workspace)
    return sa.select(Model).where(*where).order_by(Model.seq)


def get_model(session: Session, scope: Scope, model_id: str) -> Model:
    """A model by its id.

    Raises:
        ApiProblem: there is none.
    """
    found = None
    if _ID.fullmatch(model_id):
        found = session.scalars(models_of(scope).where(Model.id == model_id)).one_or_none()
    if found is None:
        raise not_found("model")
    return found


def owned(scope: Scope, table: type[_Owned], model_id: str | None = None) -> sa.Select[_Owned]:
    """What belongs to the models of a workspace, or to one of them, oldest first."""
    query = sa.select(table).join(Model, Model.id == table.model_id)
    query = query.where(Model.account == scope.account, Model.workspace == scope.workspace)
    if model_id is not None:
        query = query.where(table.model_id == (model_id if _ID.fullmatch(model_id) else ""))
    return query.order_by(table.seq)


def get_owned(session: Session, scope: Scope, table: type[_Owned], found_id: str) -> _Owned:
    """One of them by its id.

    Raises:
        ApiProblem: there is none.
    """
    found = None
    if _ID.fullmatch(found_id):
        found = session.scalars(owned(scope, table).where(table.id == found_id)).one_or_none()
    if found is None:
        raise not_found(_WHAT[table])
    return found


def current_version(session: Session, metric: Metric) -> MetricVersion:
    """The code that a metric has now."""
    query = sa.select(MetricVersion).where(
        MetricVersion.metric_id == metric.id, MetricVersion.number == metric.version
    )
    return session.scalars(query).one()


def segments_of(session: Session, model_id: str) -> list[DataSegment]:
    """The segment groups of a model, oldest first."""
    query = sa.select(DataSegment).where(DataSegment.model_id == model_id).order_by(DataSegment.seq)
    return list(session.scalars(query))
