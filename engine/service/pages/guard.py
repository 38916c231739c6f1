"""Who may see a page and send a form, and errors as pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from engine.service.admission.requests import admit_in_turn, among_others
from engine.service.pages import render
from engine.service.pages.signing import COOKIE, LASTS, SECURE_COOKIE, Visitor, find_visitor
from engine.service.problems import ApiProblem, problem_of
from engine.service.state import ServiceState, StateOf
from engine.service.store.scope import WorkspaceScope

FORM_TOKEN: Final = "form_token"  # noqa: S105 - the name of a field
_FORM_TOKEN_HEADER: Final = "x-form-token"  # noqa: S105
_FIELDS: Final = 50
_FORM: Final = "application/x-www-form-urlencoded"


class SignInNeeded(ApiProblem):
    """A page for which one has to sign in."""

    def __init__(self) -> None:
        super().__init__(401, "unauthorized", "sign in first", "the session has ended, or never began")


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who has signed in, and looks at a page.

    Attributes:
        visitor: the person, known by their cookie and the key that they signed in with.
        scope: the workspace that their key opens.
        form: the fields of the form that they send, if they do.
    """

    visitor: Visitor
    scope: WorkspaceScope
    form: dict[str, str] = field(default_factory=dict)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page for this visitor; `values` are what its template shows."""
        return render.page(template, self.visitor, status, **values)


async def read_visitor(request: Request, state: StateOf) -> Visitor:
    """Whoever looks at a page, whether they have signed in or not."""
    token = request.cookies.get(_cookie(request))
    return await run_in_threadpool(find_visitor, state.database, token)


VisitorOf = Annotated[Visitor, Depends(read_visitor)]


async def read_form(request: Request, visitor: VisitorOf) -> dict[str, str]:
    """The fields of a form that this visitor sends; none of what is no form.

    Raises:
        ApiProblem: another site sent it, or it is of another session.
    """
    if request.method != "POST":
        return {}
    fields: dict[str, str] = {}
    if request.headers.get("content-type", "").partition(";")[0].strip() == _FORM:
        try:
            text = (await request.body()).decode()
            fields = dict(
                parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=_FIELDS)
            )
        except ValueError:
            raise ApiProblem(422, "unprocessable", "the body is not a valid form") from None
    sent = fields.pop(FORM_TOKEN, None) or request.headers.get(_FORM_TOKEN_HEADER, "")
    if not (_of_this_site(request) and visitor.sent(sent)):
        raise ApiProblem(
            403,
            "forbidden",
            "this form is not from a page of this session",
            "open the page again, and send it from there; cookies have to be allowed",
        )
    return fields


FormOf = Annotated[dict[str, str], Depends(read_form)]


async def read_visit(
    request: Request, state: StateOf, visitor: VisitorOf, form: FormOf
) -> AsyncIterator[Visit]:
    """Somebody who has signed in; their request is counted as one with their key.

    Raises:
        ApiProblem: they have not; too many requests.
    """
    scope = visitor.scope
    if scope is None:
        raise SignInNeeded
    if not state.rate.has(f"key {visitor.key_digest}"):
        await admit_in_turn(state, visitor.key_digest, "")
    request.state.account = scope.account
    async with among_others(request, scope, state):
        yield Visit(visitor, scope, form)


VisitOf = Annotated[Visit, Depends(read_visit)]


class PageRoute(APIRoute):
    """A route whose errors are pages."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """What answers a request."""
        answer = super().get_route_handler()

        async def answer_with_page(request: Request) -> Response:
            try:
                return await answer(request)
            except Exception as error:
                problem = problem_of(request, error)
            if isinstance(problem, SignInNeeded) and request.method == "GET":
                return RedirectResponse(f"/sign-in?next={quote(_here(request))}", 303, render.HEADERS)
            return await error_page(request, problem)

        return answer_with_page


async def error_page(request: Request, problem: ApiProblem) -> Response:
    """An error as a page, for whoever is there."""
    state: ServiceState = request.app.state.service
    try:
        visitor = await read_visitor(request, state)
    except Exception:  # the database is away, which the page may well be about
        visitor = Visitor("")
    answer = render.page("error.html", visitor, problem.status, problem=problem)
    answer.headers.update(problem.headers)
    return answer


def keep_token(request: Request, answer: Response, token: str) -> None:
    """Let a browser keep a token: for this site's own requests, out of reach of scripts."""
    answer.set_cookie(
        _cookie(request),
        token,
        max_age=int(LASTS.total_seconds()),
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="lax",
    )


def forget_token(request: Request, answer: Response) -> None:
    """Let a browser forget its token."""
    answer.delete_cookie(
        _cookie(request), path="/", secure=_is_secure(request), httponly=True, samesite="lax"
    )


def local_path(text: str) -> str:
    """A path of this site, to go to; its beginning for anything else."""
    plain = text.isascii() and text.isprintable() and "\\" not in text
    return text if plain and text.startswith("/") and not text.startswith("//") else "/"


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _of_this_site(request: Request) -> bool:
    """Whether a browser says that a page of this site sends a form; of others the token alone tells."""
    fetched_from = request.headers.get("sec-fetch-site")
    if fetched_from is not None:
        return fetched_from in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _cookie(request: Request) -> str:
    return SECURE_COOKIE if _is_secure(request) else COOKIE
