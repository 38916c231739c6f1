"""Runs: what one did, line by line."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from engine.service.problems import not_found
from engine.service.runlog import read_log
from engine.service.schemas import Id
from engine.service.state import ScopeOf, StateOf

router = APIRouter(prefix="/runs", tags=["runs"])


@router.get("/{run_id}/log")
def get_log(run_id: Id, scope: ScopeOf, state: StateOf) -> list[dict[str, Any]]:
    """The log of a run or a validation, by the `run_id` of its results: the last 1,000 lines in order."""
    with state.database.reading() as session:
        events = read_log(session, scope.account, scope.workspace, run_id)
    if not events:
        raise not_found("run")
    return [
        {
            "time": event.created_at.isoformat(),
            "level": event.level,
            "message": event.message,
            "details": event.details,
        }
        for event in events
    ]
