"""Queries: values of several metrics at once, while the request waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from engine.errors import UsageError
from engine.results.text import clean_text
from engine.service.admission.requests import ScopeOf
from engine.service.aporia.answers import QueryAnswer
from engine.service.aporia.asking import MetricQuestion, StoreQuestions, read_instant
from engine.service.aporia.bodies import AskedMetric, AskedTime, QueryBody
from engine.service.aporia.evaluation import SECONDS, Answer, answer_of, calculate, find_stored
from engine.service.data.datasets import SourceOwner
from engine.service.errors import ServiceError
from engine.service.problems import ApiProblem, to_problem, unprocessable
from engine.service.state import ServiceState, StateOf
from engine.service.store.database import clock
from engine.service.store.scope import WorkspaceScope, is_alone
from engine.wording import said

elsewhere = APIRouter(prefix="/v1/metrics-reducer/{account}/{workspace}/query", tags=["for Aporia's clients"])


@elsewhere.post("", response_model=list[QueryAnswer])
async def query(body: QueryBody, scope: ScopeOf, state: StateOf) -> list[dict[str, Any]]:
    """Values of metrics: as they were calculated before, or calculated now.

    A metric that has no value says why, and stops no other.
    """
    until = time.monotonic() + SECONDS
    answers, left, reader, zone = await run_in_threadpool(_prepare, body, scope, state)
    if left:
        # Those who wait for a calculation take no thread of those that answer requests.
        going = state.queries.submit(
            scope.account,
            lambda: calculate(state.engine, state.settings, reader, zone, left, until),
        )
        calculated: dict[int, Answer] = await asyncio.wrap_future(going)
        answers |= calculated
    return _show(body, answers)


def _prepare(
    body: QueryBody, scope: WorkspaceScope, state: ServiceState
) -> tuple[dict[int, Answer], dict[int, MetricQuestion], SourceOwner, str]:
    """What can be answered at once, what is to be calculated, whose it is, and in which zone."""
    answers: dict[int, Answer] = {}
    left: dict[int, MetricQuestion] = {}
    with state.database.reading() as session:
        asking = StoreQuestions.of(session, scope, body.model_id, clock(session))
        for place, asked in enumerate(body.metrics):
            try:
                question = asking.read(asked)
            except (ApiProblem, ServiceError) as error:
                answers[place] = to_problem(error)
                continue
            except UsageError as error:
                answers[place] = unprocessable("datasets", clean_text(said(error, "http")))
                continue
            stored = find_stored(session, question, state.settings)
            if stored:
                answers[place] = answer_of(stored)
            else:
                left[place] = question
        return answers, left, SourceOwner(scope.account, is_alone(session)), asking.model.zone


def _show(body: QueryBody, answers: Mapping[int, Answer]) -> list[dict[str, Any]]:
    """The answers by their ranges of time, in the order in which these were asked for."""
    shown: dict[tuple[str, str] | None, list[dict[str, Any]]] = {}
    for place, asked in enumerate(body.metrics):
        span = asked.datasets.data.time_range
        key = None if span is None else _span(span)
        shown.setdefault(key, []).append(_show_one(asked, answers[place]))
    return [
        {"time_range": None if key is None else {"start": key[0], "end": key[1]}, "metrics": metrics}
        for key, metrics in shown.items()
    ]


def _span(asked: AskedTime) -> tuple[str, str] | None:
    """A range of time as clients can read it; None for what is none."""
    try:
        start, end = read_instant(asked.start, "start"), read_instant(asked.end, "end")
    except ApiProblem:
        return None
    return start.isoformat(), end.isoformat()


def _show_one(asked: AskedMetric, answer: Answer) -> dict[str, Any]:
    segment = asked.datasets.data.segment
    error = None
    if isinstance(answer, ApiProblem):
        error = {"code": answer.code, "message": answer.message, "hint": answer.hint}
    return {
        "id": asked.id,
        "value": None if isinstance(answer, ApiProblem) else answer,
        "error": error,
        "segment": None if segment is None else {"id": segment.id, "value": segment.value},
    }
