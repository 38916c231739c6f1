"""Runs: what one did, line by line."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from engine.service.admission.requests import ScopeOf
from engine.service.answers import LogLine
from engine.service.errors import NotFound
from engine.service.lists import PageOf
from engine.service.schemas import Id
from engine.service.state import StateOf
from engine.service.store.tables import RunEvent
from engine.service.work.runlog import log_of

router = APIRouter(prefix="/runs", tags=["runs"])


@router.get("/{run_id}/log", response_model=list[LogLine])
def get_log(run_id: Id, scope: ScopeOf, state: StateOf, page: PageOf) -> list[dict[str, Any]]:
    """The log of a run or a validation, by the `run_id` of its results: in order."""
    with state.database.reading() as session:
        query = log_of(scope.account, scope.workspace, run_id)
        events = page.read(session, query, RunEvent)
    if not events and page.after is None:
        raise NotFound("run")
    return [
        {
            "time": event.created_at.isoformat(),
            "level": event.level,
            "message": event.message,
            "details": event.details,
        }
        for event in events
    ]
