"""What every request may use, and who makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request
from starlette.concurrency import run_in_threadpool

from engine import Engine
from engine.service.keys import digest_key, read_bearer
from engine.service.limits import RateLimit
from engine.service.observe import Telemetry
from engine.service.problems import ApiProblem
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.scope import Scope, find_scope
from engine.service.validation import Validations


@dataclass(frozen=True, slots=True)
class State:
    """The parts of a running service."""

    settings: Settings
    database: Database
    engine: Engine
    validations: Validations
    telemetry: Telemetry
    rate: RateLimit


def get_state(request: Request) -> State:
    """The parts of the service that answers."""
    state: State = request.app.state.service
    return state


StateOf = Annotated[State, Depends(get_state)]
_PART = Path(min_length=1, max_length=64, examples=["acme"])


async def authenticate(
    request: Request,
    state: StateOf,
    account: Annotated[str, _PART],
    workspace: Annotated[str, _PART],
) -> Scope:
    """The workspace that the request's key is bound to, if it is the one in its path.

    Raises:
        ApiProblem: no key, an unknown one, or one of another workspace, existing or not; too many requests.
    """
    key = read_bearer(request.headers.get("authorization"))
    scope = None
    if key is not None:
        digest = digest_key(key)
        scope = await run_in_threadpool(find_scope, state.database, digest)
    if scope is None:
        state.rate.take(f"address {request.client.host if request.client else ''}")
        raise ApiProblem(
            401,
            "unauthorized",
            "there is no API key in this request, or one that is not known",
            "send the header Authorization: Bearer KEY; `calcmetric keys create` makes keys",
            headers={"WWW-Authenticate": "Bearer"},
        )
    state.rate.take(f"key {digest}")
    if (scope.account, scope.workspace) != (account, workspace):
        raise ApiProblem(403, "forbidden", "this API key is not for this account and workspace")
    return scope


ScopeOf = Annotated[Scope, Depends(authenticate)]
