"""Whether the process lives and can work, and its counters."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from engine.service import problems
from engine.service.admission.requests import admit_watcher
from engine.service.answers import Alive, Ready
from engine.service.state import StateOf
from engine.service.store.scope import OPERATOR, VALUES
from engine.service.work.planning import count_work
from engine.version import VERSION

router = APIRouter(tags=["probes"])


@router.get("/healthz", response_model=Alive)
async def healthz() -> dict[str, str]:
    """Whether the process lives."""
    return {"status": "ok", "version": VERSION}


@router.get("/readyz", response_model=Ready, responses=problems.described(503))
def readyz(state: StateOf) -> dict[str, str]:
    """Whether it can work: its database answers."""
    try:
        state.database.ping()
    except Exception:
        raise problems.ApiProblem(503, "not-ready", "the database does not answer") from None
    return {"status": "ok"}


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses=problems.described_beside_text(401, 403, 429),
)
def metrics(request: Request, state: StateOf) -> Response:
    """Counters, for Prometheus; an operator's key shows those of accounts, one for values values."""
    scope = admit_watcher(request, state) if "authorization" in request.headers else None
    for name, count in count_work(state.database).items():
        state.telemetry.work.labels(name).set(count)
    shown = state.telemetry.text(accounts=scope == OPERATOR)
    if scope == VALUES:
        shown += state.values.text()
    return Response(shown, media_type="text/plain; version=0.0.4; charset=utf-8")
