"""Datasets as Aporia's clients make them: one at a time, for a version that is there, with their columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import ValidationError
from sqlalchemy.orm import Session

from engine.service import schemas
from engine.service.admission.requests import ScopeOf
from engine.service.answers import Deleted
from engine.service.aporia.answers import DatasetChanged, DatasetShown
from engine.service.aporia.bodies import ColumnsBody, DatasetBody, DatasetChange
from engine.service.aporia.configs import read_config
from engine.service.aporia.data_sources import get_source
from engine.service.aporia.words import GROUPS, Stage
from engine.service.data.baselines import TAKES, TRAINING, Compared
from engine.service.data.datasets import SourceOwner, check_source
from engine.service.data.health import Fit
from engine.service.errors import NotFound
from engine.service.lists import PageOf
from engine.service.problems import ApiProblem, unprocessable
from engine.service.routes.versions import add_dataset, look_at_data
from engine.service.segments import groups_of
from engine.service.state import ServiceState, StateOf
from engine.service.store.scope import WorkspaceScope, get_model, get_owned, is_alone, owned, segments_of
from engine.service.store.tables import (
    MetricVersion,
    ModelVersion,
    StoredDataset,
    StoredResult,
    Work,
    utc_now,
)

beside = APIRouter(prefix="/datasets", tags=["for Aporia's clients"])
elsewhere = APIRouter(prefix="/v1/crud-service/{account}/{workspace}/datasets", tags=["for Aporia's clients"])
_ORDER = ("order_by_column", "group_by_column", "group_order_sort")


@beside.post("", response_model=DatasetShown)
def create_dataset(body: DatasetBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Make a dataset. Its data is looked at: a column of time that it does not have is refused."""
    read = _reading(body.config, body.columns.timestamp_column)
    with state.database.reading() as session:
        get_source(session, scope, body.data_source_id)
        _free_version(session, scope, body)
    fit = _look(state, scope, body.model_id, read, body.stage)
    with state.database.session() as session:
        get_source(session, scope, body.data_source_id)
        version = _free_version(session, scope, body, hold=True)
        dataset = add_dataset(session, body.model_id, read, fit)
        assert dataset is not None
        dataset.data_source_id, dataset.config = body.data_source_id, body.config
        dataset.id_column, dataset.columns = body.columns.id_column, _columns(body.columns)
        _give(version, body.stage, dataset.id)
        session.flush()
        return show_datasets(session, [dataset])[0]


@beside.get("", response_model=list[DatasetShown])
def list_datasets(
    scope: ScopeOf, state: StateOf, page: PageOf, model_version_id: schemas.Id | None = None
) -> list[dict[str, Any]]:
    """The datasets of the workspace, or of one version, oldest first."""
    query = owned(scope, StoredDataset)
    if model_version_id is not None:
        of = sa.or_(ModelVersion.serving_id == StoredDataset.id, ModelVersion.training_id == StoredDataset.id)
        query = query.join(ModelVersion, of).where(ModelVersion.id == model_version_id)
    with state.database.reading() as session:
        return show_datasets(session, page.read(session, query, StoredDataset))


@beside.get("/{dataset_id}", response_model=DatasetShown)
def get_dataset(dataset_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """A dataset."""
    with state.database.reading() as session:
        return show_datasets(session, [get_owned(session, scope, StoredDataset, dataset_id)])[0]


@beside.delete("/{dataset_id}", response_model=Deleted)
def delete_dataset(dataset_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Delete a dataset with its results. Its version stays."""
    with state.database.session() as session:
        session.delete(get_owned(session, scope, StoredDataset, dataset_id))
    return {"id": dataset_id, "deleted": True}


@elsewhere.put("/{dataset_id}/change-query", response_model=DatasetChanged)
def change_dataset(dataset_id: str, body: DatasetChange, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Let a dataset read something else. What was calculated on the other data is deleted with it."""
    with state.database.reading() as session:
        known = get_owned(session, scope, StoredDataset, dataset_id)
        [shown] = show_datasets(session, [known])
        if body.data_source_id is not None:
            get_source(session, scope, body.data_source_id)
    config = shown["config"] if body.config is None else body.config
    read = _reading(config, body.timestamp_column or known.timestamp)
    fit = _look(state, scope, known.model_id, read, shown["stage"])
    with state.database.session() as session:
        dataset = get_owned(session, scope, StoredDataset, dataset_id)
        text = read.text().given() or None
        if (dataset.source, dataset.timestamp, dataset.text) != (read.source, read.timestamp, text):
            _forget(session, dataset)
            dataset.source, dataset.timestamp, dataset.text = read.source, read.timestamp, text
            dataset.health = None if fit is None else fit.to_dict(utc_now())
        dataset.config = config
        dataset.id_column = body.id_column or dataset.id_column
        dataset.data_source_id = body.data_source_id or dataset.data_source_id
        [changed] = show_datasets(session, [dataset])
    named = {name: changed["schema"][name] for name in ("id_column", "timestamp_column")}
    return {"config": changed["config"], "data_source_id": changed["data_source_id"], **named}


def _forget(session: Session, dataset: StoredDataset) -> None:
    """Delete what was calculated on a dataset or compared with it, and the work of who does so now."""
    for table in (StoredResult, Work):
        session.execute(sa.delete(table).where(table.dataset_id == dataset.id))
    compared = Compared({"kind": TRAINING}, dataset).text
    served = sa.select(ModelVersion.serving_id).where(ModelVersion.training_id == dataset.id)
    codes = sa.select(MetricVersion.id).where(MetricVersion.code.contains(TAKES))
    of = (Work.dataset_id.in_(served), Work.metric_version_id.in_(codes))
    session.execute(sa.delete(Work).where(*of))
    session.execute(sa.delete(StoredResult).where(StoredResult.baseline == compared))


def show_datasets(session: Session, datasets: Sequence[StoredDataset]) -> list[dict[str, Any]]:
    """Their JSON forms; of those that our own clients made, as far as something is known."""
    ids = [dataset.id for dataset in datasets]
    of = sa.or_(ModelVersion.serving_id.in_(ids), ModelVersion.training_id.in_(ids))
    places: dict[str, tuple[str, Stage]] = {}
    for version in session.scalars(sa.select(ModelVersion).where(of)):
        for found, stage in ((version.serving_id, "serving"), (version.training_id, "training")):
            if found is not None:
                places[found] = (version.id, cast(Stage, stage))
    return [_show(dataset, *places[dataset.id]) for dataset in datasets if dataset.id in places]


def _show(dataset: StoredDataset, version_id: str, stage: Stage) -> dict[str, Any]:
    known = dataset.columns or {}
    config = dataset.config or {"path": dataset.source, **(dataset.text or {})}
    return {
        "id": dataset.id,
        "model_id": dataset.model_id,
        "model_version_id": version_id,
        "stage": stage,
        "data_source_id": dataset.data_source_id,
        "config": config,
        "schema": {
            "id_column": dataset.id_column,
            "timestamp_column": dataset.timestamp,
            **{name: known.get(name) for name in _ORDER},
            **{group: known.get(group, []) for group in GROUPS},
        },
    }


def _columns(body: ColumnsBody) -> dict[str, Any]:
    return {
        **{name: getattr(body, name) for name in _ORDER},
        **{group: [one.model_dump() for one in getattr(body, group)] for group in GROUPS},
    }


def _reading(config: dict[str, Any], timestamp: str | None) -> schemas.DatasetBody:
    try:
        return schemas.DatasetBody(timestamp=timestamp, **read_config(config))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise unprocessable(f"config.{place}" if place else "config", first["msg"]) from None


def _free_version(
    session: Session, scope: WorkspaceScope, body: DatasetBody, *, hold: bool = False
) -> ModelVersion:
    """The version that a dataset is for, held against others until the transaction ends if wanted.

    Raises:
        NotFound: the model has no such version.
        ApiProblem: it has one of that stage already.
    """
    version = get_owned(session, scope, ModelVersion, body.model_version_id)
    if hold:  # of two that give it a dataset, the second is refused
        session.refresh(version, with_for_update=True)
    if version.model_id != body.model_id:
        raise NotFound("version of that model")
    taken = version.serving_id if body.stage == "serving" else version.training_id
    if taken is not None:
        message = f"the version has a {body.stage} dataset already, with the id {taken}"
        raise ApiProblem(409, "conflict", message, "delete that first, or change what it reads")
    return version


def _give(version: ModelVersion, stage: Stage, dataset_id: str) -> None:
    if stage == "serving":
        version.serving_id = dataset_id
    else:
        version.training_id = dataset_id


def _look(
    state: ServiceState, scope: WorkspaceScope, model_id: str, read: schemas.DatasetBody, stage: Stage
) -> Fit | None:
    with state.database.reading() as session:
        reader = SourceOwner(scope.account, is_alone(session))
        zone = get_model(session, scope, model_id).zone
        segments = segments_of(session, model_id) if stage == "serving" else []
    check_source(read.source, state.settings, reader)
    return look_at_data(state, reader, zone, read, "schema.timestamp_column", groups_of(segments))
