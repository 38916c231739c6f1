"""Data sources: names that Aporia's clients group datasets by. Nothing that opens anything is kept."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from sqlalchemy.orm import Session

from engine.service.admission.requests import ScopeOf
from engine.service.answers import Deleted
from engine.service.aporia.answers import SourceShown
from engine.service.aporia.bodies import SourceBody, SourceChange
from engine.service.aporia.configs import refuse_kind
from engine.service.errors import NotFound
from engine.service.lists import PageOf
from engine.service.problems import ApiProblem, unprocessable
from engine.service.schemas import Id
from engine.service.state import StateOf
from engine.service.store.scope import WorkspaceScope, hold_names, owned
from engine.service.store.tables import DataSource, StoredDataset

router = APIRouter(prefix="/data-sources", tags=["for Aporia's clients"])

# Of one workspace; a name and a kind are little, but nothing is without an end.
_MOST = 10_000


@router.post("", response_model=SourceShown)
def create_source(body: SourceBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Make a data source. Its credentials are not needed, and are forgotten at once."""
    kind = _kind_of(body.connection)
    if kind is None:
        raise unprocessable("connection.type", "it is missing")
    refuse_kind(kind)
    with state.database.session() as session:
        _refuse_known(session, scope, body.name)
        count = sa.select(sa.func.count()).select_from(_sources(scope).subquery())
        if session.execute(count).scalar_one() >= _MOST:
            raise unprocessable("name", f"there are {_MOST:,} data sources in this workspace already")
        source = DataSource(account=scope.account, workspace=scope.workspace, name=body.name, type=kind)
        session.add(source)
        session.flush()
        return _show(source)


@router.get("", response_model=list[SourceShown])
def list_sources(scope: ScopeOf, state: StateOf, page: PageOf) -> list[dict[str, Any]]:
    """The data sources of the workspace, oldest first."""
    with state.database.reading() as session:
        return [_show(source) for source in page.read(session, _sources(scope), DataSource)]


@router.get("/{source_id}", response_model=SourceShown)
def get_one_source(source_id: Id, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """A data source."""
    with state.database.reading() as session:
        return _show(get_source(session, scope, source_id))


@router.put("/{source_id}", response_model=SourceShown)
def change_source(source_id: Id, body: SourceChange, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Rename a data source, or say of which type it is. What its datasets read stays."""
    given = (body.type, body.data_source_type, _kind_of(body.connection), _kind_of(body.connection_data))
    kinds = {kind for kind in given if kind is not None}
    if len(kinds) > 1:
        raise unprocessable("type", f"several types are given: {', '.join(sorted(kinds))}")
    for kind in kinds:
        refuse_kind(kind)
    with state.database.session() as session:
        source = get_source(session, scope, source_id)
        if body.name is not None:
            _refuse_known(session, scope, body.name, but=source.id)
            source.name = body.name
        source.type = next(iter(kinds), source.type)
        return _show(source)


@router.delete("/{source_id}", response_model=Deleted)
def delete_source(source_id: Id, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Delete a data source. Its datasets stay, and read what they read."""
    with state.database.session() as session:
        source = get_source(session, scope, source_id)
        for dataset in session.scalars(
            owned(scope, StoredDataset).where(StoredDataset.data_source_id == source.id)
        ):
            dataset.data_source_id = None
        session.delete(source)
    return {"id": source_id, "deleted": True}


def get_source(session: Session, scope: WorkspaceScope, source_id: str) -> DataSource:
    """A data source by its id.

    Raises:
        NotFound: there is no such data source.
    """
    found = session.scalars(_sources(scope).where(DataSource.id == source_id)).one_or_none()
    if found is None:
        raise NotFound("data source")
    return found


def _sources(scope: WorkspaceScope) -> sa.Select[DataSource]:
    return sa.select(DataSource).where(
        DataSource.account == scope.account, DataSource.workspace == scope.workspace
    )


def _refuse_known(session: Session, scope: WorkspaceScope, name: str, *, but: str = "") -> None:
    hold_names(session, scope)
    found = session.scalars(_sources(scope).where(DataSource.name == name, DataSource.id != but)).first()
    if found is not None:
        message = f"there is a data source of that name in this workspace, with the id {found.id}"
        raise ApiProblem(409, "conflict", message, "choose another name, or use that one")


def _kind_of(connection: dict[str, Any] | None) -> str | None:
    kind = (connection or {}).get("type")
    if kind is not None and not isinstance(kind, str):
        raise unprocessable("connection.type", "it must be text")
    return kind


def _show(source: DataSource) -> dict[str, Any]:
    return {
        "id": source.id,
        "name": source.name,
        "type": source.type,
        "created_at": source.created_at.isoformat(),
    }
