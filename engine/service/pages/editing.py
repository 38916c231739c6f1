"""The form of a metric: written, checked as one types, tried, registered or changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from engine.display.sheets import one_line
from engine.models.problems import problem_fields
from engine.results.text import visible_text
from engine.service.data.baselines import can_compare, compared_by
from engine.service.data.datasets import SourceOwner
from engine.service.errors import NotFound, ServiceError
from engine.service.pages import render
from engine.service.pages.guard import PageRoute, Visit, VisitOf
from engine.service.pages.metric import find_shown
from engine.service.problems import ApiProblem, to_problem, unprocessable
from engine.service.routes.metrics import change_metric, create_metric, find_problems
from engine.service.schemas import Id, MetricBody, MetricChange, Params, Strict
from engine.service.state import ServiceState, StateOf
from engine.service.store import reading
from engine.service.store.scope import get_model, is_alone, segments_of
from engine.service.store.tables import Model
from engine.service.trials.trial import Trial
from engine.service.trials.validation import Code, make_trial

# Pages, and what their script asks, which is told errors as the HTTP API tells them.
router = APIRouter(route_class=PageRoute, include_in_schema=False)
script_router = APIRouter(include_in_schema=False)

_START: Final = """from pyspark.sql import functions as F


def calc_metric(df):
    row = df.agg(F.count("*").alias("rows")).first()
    return row["rows"]
"""
_NDJSON: Final = "application/x-ndjson"
_PARAMS: Final = 20_000
_PARAMETERS: Final[TypeAdapter[dict[str, Any]]] = TypeAdapter(Params, config=ConfigDict(allow_inf_nan=False))
# What a form may be sent again with, changed.
_MENDABLE: Final = frozenset({409, 413, 422, 429})


class CodeBody(Strict):
    """What is in the form: a code, and its parameters as a text."""

    code: str = ""
    params: str = Field("", max_length=_PARAMS)


class TryBody(CodeBody):
    """The same, and on which data it is tried."""

    data: Id = Field(description="of the model's version")


@router.get("/models/{model_id}/new")
def show_new(model_id: str, state: StateOf, visit: VisitOf) -> Response:
    """The form for a new metric."""
    with state.database.reading() as session:
        model = get_model(session, visit.scope, model_id)
        return _form(visit, session, model, {"name": "", "code": _START, "params": ""})


@router.post("/models/{model_id}/new")
def register(model_id: str, state: StateOf, visit: VisitOf) -> Response:
    """Register what was sent, or show what is wrong with it."""
    fields = _fields(visit)
    try:
        params = _read_params(fields["params"])
        body = MetricBody(model_id=model_id, name=fields["name"], code=fields["code"], params=params)
        made = create_metric(body, visit.scope, state)
    except (ValidationError, ApiProblem, ServiceError) as error:
        problem = mendable(error)
        with state.database.reading() as session:
            model = get_model(session, visit.scope, model_id)
            return _form(visit, session, model, fields, problem)
    return RedirectResponse(f"/metric/{made['id']}", 303, render.HEADERS)


@router.get("/metric/{metric_id}/edit")
def show_edit(metric_id: str, state: StateOf, visit: VisitOf) -> Response:
    """The form of a metric that there is."""
    with state.database.reading() as session:
        shown = find_shown(session, visit, metric_id)
        params = json.dumps(shown.code.params) if shown.code.params else ""
        fields = {"name": shown.metric.name, "code": shown.code.code, "params": params}
        return _form(visit, session, shown.model, fields, metric_id=shown.metric.id)


@router.post("/metric/{metric_id}/edit")
def change(metric_id: str, state: StateOf, visit: VisitOf) -> Response:
    """Change a metric to what was sent, or show what is wrong with it."""
    fields = _fields(visit)
    try:
        params = _read_params(fields["params"])
        body = MetricChange(name=fields["name"], code=fields["code"], params=params)
        change_metric(metric_id, body, visit.scope, state)
    except (ValidationError, ApiProblem, ServiceError) as error:
        problem = mendable(error)
        with state.database.reading() as session:
            shown = find_shown(session, visit, metric_id)
            return _form(visit, session, shown.model, fields, problem, metric_id=shown.metric.id)
    return RedirectResponse(f"/metric/{metric_id}/code", 303, render.HEADERS)


@script_router.post("/models/{model_id}/check")
def check(model_id: str, body: CodeBody, state: StateOf, visit: VisitOf) -> dict[str, Any]:
    """Every problem of a code, as one types."""
    with state.database.reading() as session:
        compares = can_compare(session, get_model(session, visit.scope, model_id))
    try:
        params = _read_params(body.params)
        found = find_problems(state, visit.scope, body.code, params, compares=compares)
    except ApiProblem as problem:
        return {"problems": _shown_problems(problem)}
    return {"problems": [problem_fields(problem, "http") for problem in found]}


@script_router.post("/models/{model_id}/try")
async def try_code(model_id: str, body: TryBody, state: StateOf, visit: VisitOf) -> StreamingResponse:
    """Try a code on data of the model: lines of JSON, the last of which is the answer."""
    trial = await run_in_threadpool(_trial, state, visit, model_id, body)
    lines = state.drafts.stream(visit.scope.account, trial)
    # So that no proxy keeps them back.
    return StreamingResponse(
        lines, media_type=_NDJSON, headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
    )


def _trial(state: ServiceState, visit: Visit, model_id: str, body: TryBody) -> Trial:
    code = Code("a code from the form", body.code, _read_params(body.params))
    with state.database.reading() as session:
        model = get_model(session, visit.scope, model_id)
        served = reading.datasets_of(session, model.id)
        dataset = next((dataset for version, dataset in served if version.id == body.data), None)
        if dataset is None:
            raise NotFound("version of the model")
        reader = SourceOwner(visit.scope.account, is_alone(session))
        compared = compared_by(session, model, dataset.id)
        segments = segments_of(session, model.id)
        return make_trial(state.settings, model, code, dataset, segments, reader, compared)


def _fields(visit: Visit) -> dict[str, str]:
    """What was sent; browsers write line ends as the network does."""
    return {name: visit.form.get(name, "").replace("\r\n", "\n") for name in ("name", "code", "params")}


def _read_params(text: str) -> dict[str, Any]:
    """Parameters, as the form has them.

    Raises:
        ApiProblem: they are no JSON object.
    """
    if not text.strip():
        return {}
    try:
        return _PARAMETERS.validate_json(text, strict=True)
    except ValidationError:
        message = 'they are a JSON object of numbers, texts and true or false, such as {"limit": 0.5}'
        raise unprocessable("params", message) from None


def mendable(error: ValidationError | ApiProblem | ServiceError) -> ApiProblem:
    """What is wrong, if sending it otherwise may mend it.

    Raises:
        ApiProblem, ServiceError: sending something else would not mend it.
    """
    if isinstance(error, ValidationError):
        wrong = error.errors()[0]
        return unprocessable(str(wrong["loc"][0]) if wrong["loc"] else "body", str(wrong["msg"]))
    problem = to_problem(error)
    if problem.status not in _MENDABLE:
        raise error
    return problem


def _form(
    visit: Visit,
    session: Session,
    model: Model,
    fields: dict[str, str],
    problem: ApiProblem | None = None,
    metric_id: str = "",
) -> Response:
    served = reading.datasets_of(session, model.id)
    return visit.page(
        "form.html",
        200 if problem is None else problem.status,
        model=model,
        metric_id=metric_id,
        versions=[(version.id, one_line(version.name)) for version, _ in served],
        problem=problem,
        problems=[] if problem is None else _shown_problems(problem),
        **fields,
    )


def _shown_problems(problem: ApiProblem) -> Sequence[dict[str, Any]]:
    """Those of a source, or the one that says what is wrong with the rest."""
    found = [dict(one) for one in problem.problems if "severity" in one]
    alone = {
        "severity": "error",
        "line": None,
        "column": None,
        "code": problem.code,
        "message": visible_text(problem.message),
        "hint": visible_text(problem.hint),
    }
    return found or [alone]
