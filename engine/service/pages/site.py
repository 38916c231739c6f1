"""The pages put together, beside the HTTP API, and errors of paths that nothing has as pages for browsers."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.service.pages import editing, entrance, metric, models, rules, runs
from engine.service.pages.guard import error_page
from engine.service.problems import answer_of, problem_of
from engine.service.telemetry.observe import API

PAGES: Final = (
    *(part.router for part in (entrance, models, editing, metric, rules, runs)),
    editing.script_router,
)


def prepare_pages(app: FastAPI) -> None:
    """Let an application answer as pages need it."""
    app.add_exception_handler(HTTPException, _no_such_page)
    app.add_middleware(TypesAsTold)


async def _no_such_page(request: Request, error: Exception) -> Response:
    problem = problem_of(request, error)
    browses = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(API)
    return await error_page(request, problem) if browses else answer_of(problem)


class TypesAsTold:
    """Middleware: lets no browser take an answer for something else than it says to be, such as a script."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the header that says so."""

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self._app(scope, receive, telling)
