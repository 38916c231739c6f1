"""Who a request is from, and whether it is answered now: keys, rates, and turns of one account's requests."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import Depends, Path, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from engine.service.admission.keys import digest_key, read_bearer
from engine.service.admission.quotas import Quotas, quotas_of
from engine.service.problems import ApiProblem
from engine.service.state import ServiceState, StateOf
from engine.service.store.scope import OPERATOR, VALUES, WorkspaceScope, find_scope

_STRANGERS: Final = "strangers"
# For the document, and what is made from it; the header is read by `read_bearer`, which is stricter.
_BEARER: Final = HTTPBearer(auto_error=False, description="an API key, as `calcmetric keys create` prints it")
_PART = Path(min_length=1, max_length=64, examples=["acme"])


async def authenticate(
    request: Request,
    state: StateOf,
    account: Annotated[str, _PART],
    workspace: Annotated[str, _PART],
    _: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None,
) -> WorkspaceScope:
    """The workspace that the request's key is bound to, if it is the one in its path.

    Raises:
        ApiProblem: no key, an unknown one, or one of another workspace, existing or not; too many requests.
    """
    key = read_bearer(request.headers.get("authorization"))
    digest = None if key is None else digest_key(key)
    scope = None if digest is None else state.scopes.get(digest)
    if scope is None or not state.rate.has(f"key {digest}"):
        address = request.client.host if request.client else ""
        scope = await admit_in_turn(state, digest, address)
    if (scope.account, scope.workspace) != (account, workspace):
        raise ApiProblem(403, "forbidden", "this API key is not for this account and workspace")
    request.state.account = scope.account
    return scope


def admit_watcher(request: Request, state: ServiceState) -> WorkspaceScope:
    """Whether a request for what is seen of all accounts has an operator's key, or one for values.

    Raises:
        ApiProblem: neither; too many requests; no values are shown.
    """
    key = read_bearer(request.headers.get("authorization"))
    address = request.client.host if request.client else ""
    scope = admit(state, None if key is None else digest_key(key), address)
    if scope == VALUES and not state.values.on:
        raise ApiProblem(
            403,
            "forbidden",
            "this service shows no values",
            "the service's operator can have some shown",
        )
    if scope not in (OPERATOR, VALUES):
        raise ApiProblem(
            403,
            "forbidden",
            "this API key belongs to an account",
            "only a key of the service's operator shows what accounts use",
        )
    return scope


async def admit_in_turn(state: ServiceState, digest: str | None, address: str) -> WorkspaceScope:
    """The same as `admit`, by a few threads for each key, and as few for all keys that nobody knows.

    Raises:
        ApiProblem: there is no such key; too many requests.
    """
    known = digest is not None and state.scopes.knew(digest)
    async with state.entrances.inside(str(digest) if known else _STRANGERS):
        return await run_in_threadpool(admit, state, digest, address)


def admit(state: ServiceState, digest: str | None, address: str) -> WorkspaceScope:
    """The workspace of a key's digest, once its request is counted.

    Raises:
        ApiProblem: there is no such key; too many requests.
    """
    scope = None if digest is None else find_scope(state.database, digest)
    if scope is not None:
        state.scopes.put(digest, scope)  # also of a client that is refused, which `Throttle` then knows
    try:
        state.rate.take(f"address {address}" if scope is None else f"key {digest}")
    except ApiProblem:
        if scope is not None:
            state.telemetry.refusals.refuse(scope.account, "requests_per_minute")
        raise
    if scope is None:
        raise ApiProblem(
            401,
            "unauthorized",
            "this request has no API key, or one that is unknown or was revoked",
            "send the header Authorization: Bearer KEY; `calcmetric keys create` makes keys",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return scope


ScopeOf = Annotated[WorkspaceScope, Depends(authenticate)]


async def take_request_slot(request: Request, scope: ScopeOf, state: StateOf) -> AsyncIterator[None]:
    """Answer a request among those of its account, as many at a time as it may have.

    Raises:
        QuotaReached: it has too many already.
    """
    async with among_others(request, scope, state):
        yield


@contextlib.asynccontextmanager
async def among_others(request: Request, scope: WorkspaceScope, state: ServiceState) -> AsyncIterator[None]:
    """Answer a request meanwhile, as one of those of its account; see `take_request_slot`."""
    quotas = state.quotas.get(scope.account)
    if quotas is None:
        quotas = await run_in_threadpool(_read_quotas, state, scope.account)
    thread = not inspect.iscoroutinefunction(request.scope["route"].endpoint)
    async with state.request_slots.inside(scope.account, quotas.connections, thread=thread):
        yield


def _read_quotas(state: ServiceState, account: str) -> Quotas:
    with state.database.reading() as session:
        quotas = quotas_of(session, account)
    state.quotas.put(account, quotas)
    return quotas
