"""The one shape of every error that a client gets, and what makes them.

    {"error": {"code": "not-found", "message": "...", "hint": "...", "problems": [...]}}

`problems` are those of a refused source (line, column, code, message, hint, severity), or the wrong fields of
a body (field, message); else the list is empty.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError, NoResultFound
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from engine.errors import CalcmetricError, UsageError
from engine.failures import describe
from engine.results.text import clean_text
from engine.service.errors import (
    NameTaken,
    NotFound,
    QuotaReached,
    ServiceError,
    SourceNotAllowed,
    TooManyRules,
    UrlNotAllowed,
)
from engine.service.store.database import UNAVAILABLE
from engine.wording import said

logger = logging.getLogger(__name__)

_FIELDS_SHOWN: Final = 50
_RETRY_SECONDS: Final = "5"
# Codes of what is answered without a code of its own.
_CODES: Final = {400: "bad-request", 404: "not-found", 405: "method-not-allowed", 422: "unprocessable"}


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="stable, such as not-found")
    message: str = Field(description="what is wrong")
    hint: str = Field(description="what to do instead; may be empty")
    problems: list[dict[str, Any]] = Field(description="of a source, or the fields that are wrong")


class ErrorBody(BaseModel):
    """The body of every error response."""

    error: ErrorDetail


# What each status says, for the document.
STATUSES: Final = {
    401: "no API key, or one that is unknown or was revoked",
    403: "the key belongs to another account or workspace; whether that exists is not told",
    404: "there is no such thing in this workspace",
    409: "something that the request needs was changed or deleted in the meantime",
    413: "the body is too long",
    422: "a field is invalid, or the source is refused; every problem is listed",
    429: "too many requests; Retry-After says for how long",
    500: "an internal error; the log of the service says more",
    503: "the database or the engine is not available now",
}


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a resource, for its document; all of them if none is named."""
    return {status: {"model": ErrorBody, "description": STATUSES[status]} for status in statuses or STATUSES}


def described_beside_text(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The same for a resource whose good answers are no JSON."""
    shape = {"application/json": {"schema": {"$ref": f"#/components/schemas/{ErrorBody.__name__}"}}}
    return {status: {"description": STATUSES[status], "content": shape} for status in statuses}


class ApiProblem(Exception):
    """A request that is refused.

    Attributes:
        status: the HTTP status, from 400 up.
        code: a stable code such as "not-found".
        message: what is wrong.
        hint: what to do instead; may be empty.
        problems: of a source, or the fields that are wrong.
        headers: of the answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str = "",
        *,
        problems: Sequence[Mapping[str, object]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.problems = problems
        self.headers = dict(headers or {})

    def body(self) -> dict[str, object]:
        """The JSON body of the answer."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "hint": self.hint,
                "problems": list(self.problems),
            }
        }


def to_problem(error: ApiProblem | ServiceError) -> ApiProblem:
    """What a client is told where the service cannot do something."""
    return error if isinstance(error, ApiProblem) else _OF_SERVICE[type(error)](error.message)


def unprocessable(field: str, message: str) -> ApiProblem:
    """A field of a body that makes no sense."""
    return ApiProblem(
        422, "unprocessable", f"{field}: {message}", problems=[{"field": field, "message": message}]
    )


# How each of the errors of the service is answered, given its message.
_OF_SERVICE: Final[Mapping[type[ServiceError], Callable[[str], ApiProblem]]] = {
    NotFound: partial(ApiProblem, 404, "not-found"),
    NameTaken: partial(
        ApiProblem, 409, "conflict", hint="choose another name, or change that model with PUT"
    ),
    SourceNotAllowed: partial(unprocessable, "source"),
    UrlNotAllowed: partial(unprocessable, "url"),
    TooManyRules: partial(ApiProblem, 422, "unprocessable"),
    QuotaReached: partial(
        ApiProblem,
        429,
        "quota-reached",
        hint="wait for what is going on, or delete what is not needed; "
        "the service's operator can raise the quota",
        headers={"Retry-After": "60"},
    ),
}


def install(app: FastAPI) -> None:
    """Let every error of an application have the one shape."""
    for kind in (*_ANSWERS, Exception):
        app.add_exception_handler(kind, _handle)


def problem_of(request: Request, error: Exception) -> ApiProblem:
    """What is told of an error, and noted of it."""
    for kind in type(error).__mro__:
        if kind in _ANSWERS:
            return _ANSWERS[kind](request, error)
    logger.error("%s failed: %s", request.method, describe(error))
    return ApiProblem(500, "internal", "the service failed; its log says why")


def _handle(request: Request, error: Exception) -> JSONResponse:
    return answer_of(problem_of(request, error))


def answer_of(problem: ApiProblem) -> JSONResponse:
    """What is told, as JSON."""
    return JSONResponse(problem.body(), problem.status, headers=problem.headers)


def _api_problem(_: Request, error: Exception) -> ApiProblem:
    assert isinstance(error, ApiProblem)
    return error


def _service_error(request: Request, error: Exception) -> ApiProblem:
    assert isinstance(error, ServiceError)
    if isinstance(error, QuotaReached):
        request.app.state.service.telemetry.refusals.refuse(error.account, f"quota_{error.quota}")
    return to_problem(error)


def _wrong_fields(_: Request, error: Exception) -> ApiProblem:
    assert isinstance(error, RequestValidationError)
    wrong = [
        {"field": ".".join(str(part) for part in one["loc"]), "message": str(one["msg"])}
        for one in error.errors()[:_FIELDS_SHOWN]
    ]
    said = "; ".join(f"{one['field']}: {one['message']}" for one in wrong[:3])
    return ApiProblem(422, "unprocessable", _encodable(said), problems=[_clean(one) for one in wrong])


def _http_error(_: Request, error: Exception) -> ApiProblem:
    assert isinstance(error, HTTPException)
    if error.status_code == 400 and isinstance(error.__cause__, RecursionError | UnicodeDecodeError):
        # FastAPI answers 422 where a body breaks JSON's grammar, and 400 where the reader gives up on it.
        return unprocessable("body", "invalid JSON: nested too deeply, or not encoded as UTF-8")
    code = _CODES.get(error.status_code, HTTPStatus(error.status_code).phrase.lower().replace(" ", "-"))
    return ApiProblem(error.status_code, code, str(error.detail), headers=error.headers)


def _usage_error(_: Request, error: Exception) -> ApiProblem:
    assert isinstance(error, UsageError)
    return ApiProblem(422, "unprocessable", clean_text(said(error, "http")))


def _engine_error(request: Request, error: Exception) -> ApiProblem:
    logger.error("%s failed, for the engine: %s", request.method, describe(error))
    return _later("the engine is not available now")


def _conflict(_: Request, error: Exception) -> ApiProblem:
    logger.info("a conflict: %s", describe(error))
    message = "something that this request needs was changed or deleted in the meantime"
    return ApiProblem(409, "conflict", message, "ask again")


def _unavailable(request: Request, error: Exception) -> ApiProblem:
    logger.error("%s failed, for the database: %s", request.method, describe(error))
    return _later("the database cannot be reached or written now")


def _later(message: str) -> ApiProblem:
    headers = {"Retry-After": _RETRY_SECONDS}
    return ApiProblem(503, "unavailable", message, "ask again later", headers=headers)


# What is told of each kind of error, the nearest kind first; of all others, that the service failed.
_ANSWERS: Final[Mapping[type, Callable[[Request, Exception], ApiProblem]]] = {
    ApiProblem: _api_problem,
    ServiceError: _service_error,
    RequestValidationError: _wrong_fields,
    HTTPException: _http_error,
    UsageError: _usage_error,
    CalcmetricError: _engine_error,
    **dict.fromkeys((IntegrityError, NoResultFound, StaleDataError), _conflict),
    **dict.fromkeys(UNAVAILABLE, _unavailable),
}


def _clean(fields: dict[str, str]) -> dict[str, Any]:
    return {name: _encodable(text) for name, text in fields.items()}


def _encodable(text: str) -> str:
    """What a body said may hold lone surrogates, which no answer can carry."""
    return text.encode("utf-8", "replace").decode()
