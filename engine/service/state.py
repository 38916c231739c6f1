"""What every request may use, and who makes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Path, Request
from starlette.concurrency import run_in_threadpool

from engine import Engine
from engine.service.brief import Brief
from engine.service.keys import digest_key, read_bearer
from engine.service.observe import Telemetry
from engine.service.problems import ApiProblem
from engine.service.rate import RateLimit
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.scope import Scope, find_scope
from engine.service.validation import Validations

KEY_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class State:
    """The parts of a running service."""

    settings: Settings
    database: Database
    engine: Engine
    validations: Validations
    telemetry: Telemetry
    rate: RateLimit
    # Workspaces by their keys' digests: how long a revoked key may still open one here.
    scopes: Brief[Scope] = field(default_factory=lambda: Brief(KEY_SECONDS))


async def get_state(request: Request) -> State:
    """The parts of the service that answers. Asynchronous, because else it would wait for a thread."""
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
    digest = None if key is None else digest_key(key)
    scope = None if digest is None else state.scopes.get(digest)
    if scope is None or not state.rate.has(f"key {digest}"):
        address = request.client.host if request.client else ""
        scope = await run_in_threadpool(_admit, state, digest, address)
    if (scope.account, scope.workspace) != (account, workspace):
        raise ApiProblem(403, "forbidden", "this API key is not for this account and workspace")
    return scope


def _admit(state: State, digest: str | None, address: str) -> Scope:
    """The workspace of a key, once its request is counted."""
    scope = None if digest is None else find_scope(state.database, digest)
    state.rate.take(f"address {address}" if scope is None else f"key {digest}")
    if scope is None or digest is None:
        raise ApiProblem(
            401,
            "unauthorized",
            "there is no API key in this request, or one that is not known",
            "send the header Authorization: Bearer KEY; `calcmetric keys create` makes keys",
            headers={"WWW-Authenticate": "Bearer"},
        )
    state.scopes.put(digest, scope)
    return scope


ScopeOf = Annotated[Scope, Depends(authenticate)]
