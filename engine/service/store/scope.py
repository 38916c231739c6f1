"""Finding things, always within the workspace of a key. What is elsewhere is as if it were not there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.service.errors import NameTaken, NotFound
from engine.service.store.database import Database
from engine.service.store.tables import (
    DataSegment,
    Key,
    Metric,
    MetricVersion,
    Model,
    ModelVersion,
    RuleState,
    StoredDataset,
)

# Keeps locks of names apart from other locks of the database.
_NAMES: Final = 0x63616C6D
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_Owned = TypeVar("_Owned", DataSegment, StoredDataset, ModelVersion, Metric)
_WHAT: Final = {
    DataSegment: "segment",
    StoredDataset: "dataset",
    ModelVersion: "model version",
    Metric: "metric",
}


@dataclass(frozen=True, slots=True)
class WorkspaceScope:
    """The workspace that a request may see."""

    account: str
    workspace: str


# What an operator's key is bound to: no account can be called so, and no path has such parts.
OPERATOR: Final = WorkspaceScope("", "")
# Likewise, of a key that is shown the newest values of all accounts, and nothing else.
VALUES: Final = WorkspaceScope("", "values")


def find_scope(database: Database, digest: str) -> WorkspaceScope | None:
    """The workspace of a key's digest, or None if there is no such key or it was revoked."""
    with database.reading() as session:
        query = sa.select(Key).where(Key.digest == digest, Key.revoked_at.is_(None))
        key = session.scalars(query).one_or_none()
        return None if key is None else WorkspaceScope(key.account, key.workspace)


def is_alone(session: Session) -> bool:
    """Whether all keys that open something are of one account."""
    accounts = sa.select(Key.account).where(Key.revoked_at.is_(None), Key.account != OPERATOR.account)
    accounts = accounts.distinct().limit(2)
    return len(session.scalars(accounts).all()) < 2


def models_of(scope: WorkspaceScope) -> sa.Select[Model]:
    """The models of a workspace, oldest first."""
    where = (Model.account == scope.account, Model.workspace == scope.workspace)
    return sa.select(Model).where(*where).order_by(Model.seq)


def get_model(session: Session, scope: WorkspaceScope, model_id: str) -> Model:
    """A model by its id.

    Raises:
        NotFound: there is no such model in the workspace.
    """
    found = None
    if _ID.fullmatch(model_id):
        found = session.scalars(models_of(scope).where(Model.id == model_id)).one_or_none()
    if found is None:
        raise NotFound("model")
    return found


def hold_names(session: Session, scope: WorkspaceScope) -> None:
    """Let nobody else give names in a workspace until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite's transactions that write come one by one
        place = sa.func.hashtextextended(f"{scope.account}/{scope.workspace}", _NAMES)
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(place)))


def refuse_known_name(session: Session, scope: WorkspaceScope, name: str, *, but: str = "") -> None:
    """Refuse a name that another model of the workspace has; held against others until the transaction ends.

    There is no unique index: databases of earlier versions may hold two models of one name, which stay.

    Raises:
        NameTaken: another model has the name.
    """
    hold_names(session, scope)
    found = session.scalars(models_of(scope).where(Model.name == name, Model.id != but).limit(1)).first()
    if found is not None:
        raise NameTaken(found.id)


def owned(scope: WorkspaceScope, table: type[_Owned], model_id: str | None = None) -> sa.Select[_Owned]:
    """What belongs to the models of a workspace, or to one of them, oldest first."""
    query = sa.select(table).join(Model, Model.id == table.model_id)
    query = query.where(Model.account == scope.account, Model.workspace == scope.workspace)
    if model_id is not None:
        query = query.where(table.model_id == (model_id if _ID.fullmatch(model_id) else ""))
    return query.order_by(table.seq)


def get_owned(session: Session, scope: WorkspaceScope, table: type[_Owned], found_id: str) -> _Owned:
    """One of them by its id.

    Raises:
        NotFound: there is none with this id in the workspace.
    """
    found = None
    if _ID.fullmatch(found_id):
        found = session.scalars(owned(scope, table).where(table.id == found_id)).one_or_none()
    if found is None:
        raise NotFound(_WHAT[table])
    return found


def current_version(session: Session, metric: Metric) -> MetricVersion:
    """The code that a metric has now."""
    query = sa.select(MetricVersion).where(
        MetricVersion.metric_id == metric.id, MetricVersion.number == metric.version
    )
    return session.scalars(query).one()


def segments_by_model(session: Session, model_ids: Sequence[str]) -> dict[str, list[DataSegment]]:
    """The segment groups of models, oldest first."""
    query = sa.select(DataSegment).where(DataSegment.model_id.in_(model_ids)).order_by(DataSegment.seq)
    found: dict[str, list[DataSegment]] = {model_id: [] for model_id in model_ids}
    for segment in session.scalars(query):
        found[segment.model_id].append(segment)
    return found


def datasets_of_versions(session: Session, versions: Sequence[ModelVersion]) -> dict[str, StoredDataset]:
    """The datasets that versions serve and were trained with, by their ids."""
    ids = {key for version in versions for key in (version.serving_id, version.training_id) if key}
    found = session.scalars(sa.select(StoredDataset).where(StoredDataset.id.in_(ids)))
    return {dataset.id: dataset for dataset in found}


def served(session: Session, model_ids: Sequence[str]) -> dict[str, list[tuple[ModelVersion, StoredDataset]]]:
    """The versions of models with their serving data, oldest first."""
    query = sa.select(ModelVersion, StoredDataset).join(
        StoredDataset, StoredDataset.id == ModelVersion.serving_id
    )
    query = query.where(ModelVersion.model_id.in_(model_ids)).order_by(ModelVersion.seq)
    found: dict[str, list[tuple[ModelVersion, StoredDataset]]] = {model_id: [] for model_id in model_ids}
    for version, dataset in session.execute(query):
        found[version.model_id].append((version, dataset))
    return found


def segments_of(session: Session, model_id: str) -> list[DataSegment]:
    """The segment groups of a model, oldest first."""
    query = sa.select(DataSegment).where(DataSegment.model_id == model_id).order_by(DataSegment.seq)
    return list(session.scalars(query))


def is_watched() -> sa.ColumnElement[bool]:
    """Whether a rule's state is of data that is still calculated: not of a version that was set aside."""
    served = sa.select(ModelVersion.serving_id).where(ModelVersion.is_active)
    return RuleState.dataset_id.in_(served.where(ModelVersion.serving_id.is_not(None)))
