"""Answers to questions: from what was calculated before, or calculated now, together where possible."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine import Engine, Run
from engine.errors import CalcmetricError, EngineClosed, UsageError
from engine.failures import describe
from engine.models.result import GOOD
from engine.results.text import clean_text
from engine.service.aporia.asking import MetricQuestion
from engine.service.data.baselines import TAKES, dataset_of
from engine.service.data.datasets import SourceOwner, look_at_source
from engine.service.problems import ApiProblem
from engine.service.settings import Settings
from engine.service.store.database import clock
from engine.service.store.tables import StoredResult
from engine.service.work.leases import CLOCK_SLACK
from engine.wording import said

logger = logging.getLogger(__name__)

# A request is answered within this time, of which it may have waited some.
SECONDS: Final = 50.0
# With less than this left nothing is begun.
_LEAST_SECONDS: Final = 1.0

Value = float | dict[str, float | None] | None
Answer = Value | ApiProblem


@dataclass(frozen=True, slots=True)
class _One:
    """One number of a result, whether it is of the store or of a run."""

    name: str
    status: str
    value: float | None
    error: Mapping[str, Any] | None


def find_stored(session: Session, question: MetricQuestion, settings: Settings) -> list[_One]:
    """What was calculated before of the very same thing; nothing if it was not.

    Args:
        session: a transaction.
        question: what is asked.
        settings: of the service.
    """
    if question.metric_version_id is None or question.compared is None or question.time is None:
        return []
    result, time_range = StoredResult, question.time
    query = sa.select(result).where(
        result.metric_version_id == question.metric_version_id,
        result.dataset_id == question.dataset.id,
        result.window_start == time_range.start,
        result.window_end == time_range.end,
        # Only a code with that word in it can have been compared with something.
        result.baseline == (question.compared.text if TAKES in str(question.code.source) else ""),
        # What was calculated for later than now is of a clock that has gone back since.
        result.as_of <= clock(session) + CLOCK_SLACK,
    )
    if question.member is None:
        query = query.where(result.segment_key == "")
    elif question.member.since is not None:
        # A run that began with other conditions has ended by then.
        since = question.member.since + timedelta(seconds=settings.limits.wall_seconds)
        query = query.where(result.created_at > since)
    found = list(session.scalars(query))
    if question.member is not None:
        segment = question.member.among(one.segment for one in found)
        found = [] if segment is None else [one for one in found if one.segment == segment]
    if not found:
        return []
    newest = max(found, key=lambda one: (one.as_of, one.seq))
    return [
        _One(one.name, one.status, one.value, one.error)
        for one in found
        if (one.as_of, one.snapshot) == (newest.as_of, newest.snapshot)
    ]


def calculate(
    engine: Engine,
    settings: Settings,
    reader: SourceOwner,
    zone: str,
    questions: Mapping[int, MetricQuestion],
    until: float,
) -> dict[int, Answer]:
    """Calculate questions: those of the same rows and time together, until a time of `time.monotonic`.

    Args:
        engine: the engine that calculates.
        settings: of the service.
        reader: the account whose data it is, and whether it is the only one.
        zone: of the model.
        questions: by whatever tells them apart.
        until: what is not done by then is answered with a problem.
    """
    answers: dict[int, Answer] = {}
    for keys in _together(questions):
        group = {key: questions[key] for key in keys}
        try:
            answers |= _run(engine, settings, reader, zone, group, until)
        except CalcmetricError as error:
            if len(group) == 1 or isinstance(error, EngineClosed):
                answers |= dict.fromkeys(group, _problem(error))
                continue
            # What is wrong with one of them is no fault of the others.
            for key, question in group.items():
                try:
                    answers |= _run(engine, settings, reader, zone, {key: question}, until)
                except CalcmetricError as own:
                    answers[key] = _problem(own)
    return answers


def answer_of(ones: Sequence[_One]) -> Answer:
    """The value of what was calculated, or why there is none."""
    bad = next((one for one in ones if one.status not in GOOD), None)
    if bad is not None:
        error = bad.error or {}
        message = error.get("message") or bad.status
        return ApiProblem(422, error.get("code") or bad.status, message, error.get("hint") or "")
    values = {one.name: one.value if one.status == "ok" else None for one in ones}
    return values[""] if set(values) == {""} else values


def _together(questions: Mapping[int, MetricQuestion]) -> Iterator[list[int]]:
    """The keys of questions that one pass over the data can answer, without calculating what nobody asked.

    That is, those of codes that are asked of the same segments of the same rows.
    """
    codes: dict[tuple[object, ...], list[int]] = {}
    for key, one in questions.items():
        place = (one.dataset.id, one.time, one.retention, repr(one.baseline))
        codes.setdefault((place, one.code.source, repr(one.code.params)), []).append(key)
    passes: dict[tuple[object, ...], list[int]] = {}
    for (rows, *_), keys in codes.items():
        members = [questions[key].member for key in keys]
        groups = frozenset(None if member is None else member.group for member in members)
        passes.setdefault((rows, groups), []).extend(keys)
    yield from passes.values()


def _run(
    engine: Engine,
    settings: Settings,
    reader: SourceOwner,
    zone: str,
    questions: Mapping[int, MetricQuestion],
    until: float,
) -> dict[int, Answer]:
    left = until - time.monotonic()
    if left < _LEAST_SECONDS:
        late = ApiProblem(
            422,
            "not-in-time",
            "it could not be calculated while the request waited",
            "ask for less at once, or for whole windows of the model, which are calculated on schedule",
        )
        return dict.fromkeys(questions, late)
    first = next(iter(questions.values()))
    look_at_source(first.dataset.source, settings, reader)
    if first.compared is not None:
        first.compared.look(settings, reader)
    codes = {(one.code.source, repr(one.code.params)): one.code for one in questions.values()}
    names = {place: f"query {number}" for number, place in enumerate(codes)}
    groups = dict.fromkeys(one.member.group for one in questions.values() if one.member is not None)
    limits = replace(
        settings.limits,
        wall_seconds=min(settings.limits.wall_seconds, left),
        frame_seconds=min(settings.limits.frame_seconds, left),
    )
    runs = engine.evaluate_many(
        {names[place]: code for place, code in codes.items()},
        dataset_of(first.dataset, first.retention),
        segments=tuple(groups),
        time=first.time,
        as_of=None if first.retention is None or first.time is None else first.time.end,
        zone=zone,
        limits=limits,
        tenant=reader.account,
        baseline=first.baseline,
    )
    return {
        key: _found(runs[names[one.code.source, repr(one.code.params)]], one)
        for key, one in questions.items()
    }


def _found(run: Run, question: MetricQuestion) -> Answer:
    shown = [None if one.frame.segment is None else one.frame.segment.to_dict() for one in run.results]
    segment = None if question.member is None else question.member.among(shown)
    ones = [
        _One(
            result.name or "",
            result.status,
            result.value,
            None if result.error is None else result.error.to_dict("http"),
        )
        for result, its in zip(run.results, shown, strict=True)
        if its == segment and (segment is None) == (question.member is None)
    ]
    if not ones:
        return ApiProblem(
            422, "no-segment", "there are no rows of this segment, or it is not among its most frequent ones"
        )
    return answer_of(ones)


def _problem(error: CalcmetricError) -> ApiProblem:
    if not isinstance(error, UsageError):
        logger.error("a query failed: %s", describe(error))
    return ApiProblem(422, "not-calculated", clean_text(said(error, "http")))
