"""The way in and out: signing in with a key, signing out, and the files that pages load."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from engine.service.admission.keys import digest_key
from engine.service.admission.requests import admit
from engine.service.errors import NotFound
from engine.service.pages import render
from engine.service.pages.guard import (
    FormOf,
    PageRoute,
    VisitorOf,
    forget_token,
    keep_token,
    local_path,
    read_form,
)
from engine.service.pages.signing import sign_in, sign_out
from engine.service.problems import ApiProblem
from engine.service.state import StateOf

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/sign-in")
def show_entrance(request: Request, visitor: VisitorOf, next: str = "/") -> Response:
    """The form to sign in with."""
    if visitor.scope is not None:
        return RedirectResponse(local_path(next), 303, render.HEADERS)
    answer = render.page("sign_in.html", visitor, next=local_path(next), error="")
    keep_token(request, answer, visitor.token)
    return answer


@router.post("/sign-in")
def enter(request: Request, state: StateOf, visitor: VisitorOf, form: FormOf) -> Response:
    """Sign in with a key; the browser gets a new token."""
    key, following = form.get("key", "").strip(), local_path(form.get("next", "/"))
    digest, error = digest_key(key), ""
    try:
        scope = admit(state, digest, request.client.host if request.client else "")
        if not scope.account:
            error = "This key is for monitoring, and opens no workspace."
    except ApiProblem as problem:
        if problem.status != 401:
            raise
        error = "This key is not known, or was revoked."
    if error:
        return render.page("sign_in.html", visitor, 401, next=following, error=error)
    answer = RedirectResponse(following, 303, render.HEADERS)
    keep_token(request, answer, sign_in(state.database, digest))
    return answer


@router.post("/sign-out", dependencies=[Depends(read_form)])
def leave(request: Request, state: StateOf, visitor: VisitorOf) -> Response:
    """Sign out, everywhere where this token is kept."""
    sign_out(state.database, visitor.token)
    answer = RedirectResponse("/sign-in", 303, render.HEADERS)
    forget_token(request, answer)
    return answer


@router.get("/assets/{name}")
async def show_asset(name: str) -> Response:
    """A file that pages load."""
    found = render.asset(name)
    if found is None:
        raise NotFound("file")
    return found
