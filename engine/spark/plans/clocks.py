"""Trusted side: what a plan says of the time now. Pure; the run's `as_of` is handed in.

A number that depends on the moment at which it happened to be computed is the number of no time range. So
Spark's own clock is never asked: with an `as_of` its functions become that moment, as literals, and without
one they are refused. What cannot be told apart from a clock for sure, such as a bare name that might be one,
is refused, too.
"""

from __future__ import annotations

import datetime as dt
from typing import Final, NoReturn

import pyspark.sql.connect.proto as pb

from engine.errors import PlanRefused
from engine.spark.plans.moments import check_moments, check_query_moments
from engine.spark.plans.requests import Request, RunSql
from engine.spark.plans.trees import Call, walk
from engine.spark.text.hidden import fold
from engine.spark.text.lexer import Lexeme, lex, render
from engine.spark.text.server_names import asks_server

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_INSTANT: Final = frozenset({"current_timestamp", "now"})
_DAY: Final = frozenset({"current_date", "curdate"})
_SECONDS: Final = frozenset({"unix_timestamp", "to_unix_timestamp"})
_CLOCKS: Final = _INSTANT | _DAY | _SECONDS | {"localtimestamp", "current_time"}
# What is a clock without parentheses, unless a column has the name.
BARE_CLOCKS: Final = frozenset({"current_date", "current_timestamp", "localtimestamp", "current_time"})


def tell_time(
    request: Request,
    now: dt.datetime | None,
    columns: frozenset[str],
    texts: frozenset[str] = frozenset(),
    *,
    zoned: bool = False,
) -> Request:
    """The request with the time now put in.

    Args:
        request: rebuilt; its plans are changed in place.
        now: the run's `as_of`; None if it has none.
        columns: the names of the frame's columns, which a bare name may mean.
        texts: those of them that are text, and may be compared with texts such as 'today'.
        zoned: whether it is asked in a time zone of its own, where another day may be today.

    Raises:
        PlanRefused: it asks for the time, and there is none; or in a way that cannot be answered.
    """
    known = frozenset(fold(name) for name in columns)
    of_text = frozenset(fold(name) for name in texts)
    if isinstance(request, RunSql):
        check_query_moments(request)
        for _, relation in request.inputs:
            _tell(relation, now, known, zoned)
        text = _text(request.query, now, known, zoned)
        return RunSql(text, request.positional, request.named, request.inputs)
    for name in ("relation", "other"):
        part = getattr(request, name, None)
        if isinstance(part, pb.Relation):
            check_moments(part, of_text)
            _tell(part, now, known, zoned)
    return request


def means_without_column(name: str) -> bool:
    """Whether the data engine takes a bare name for something else where no column has it."""
    folded = fold(name)
    return folded in BARE_CLOCKS or asks_server(folded)


def _tell(relation: pb.Relation, now: dt.datetime | None, columns: frozenset[str], zoned: bool) -> None:
    for here in list(walk(relation)):
        match here:
            case pb.Expression():
                _tell_expression(here, now, columns, zoned)
            case pb.SQL():
                here.query = _text(here.query, now, columns, zoned)


def _tell_expression(
    here: pb.Expression, now: dt.datetime | None, columns: frozenset[str], zoned: bool
) -> None:
    kind = here.WhichOneof("expr_type")
    if kind == "expression_string":
        here.expression_string.expression = _text(here.expression_string.expression, now, columns, zoned)
    elif kind == "unresolved_attribute":
        name = fold(here.unresolved_attribute.unparsed_identifier.strip("` "))
        if name in BARE_CLOCKS and name not in columns:
            _refuse(f"the name {name}", f"call F.{name}(), or give the column another name")
    elif kind in ("unresolved_function", "call_function"):
        call: Call = getattr(here, kind)
        name = fold(call.function_name)
        if name in _CLOCKS and (name not in _SECONDS or not call.arguments):
            if now is None or name == "current_time" or call.arguments:
                _refuse(f"the function {name}")
            _set(here, name, now, zoned)


def _set(here: pb.Expression, name: str, now: dt.datetime, zoned: bool) -> None:
    """Make a literal of a call of a clock; in another time zone than UTC its date is for Spark to tell."""
    micros = (now - _EPOCH) // dt.timedelta(microseconds=1)
    kind = here.WhichOneof("expr_type")
    assert kind is not None, "it is a call"
    here.ClearField(kind)
    if name in _INSTANT:
        here.literal.timestamp = micros
    elif name in _SECONDS:
        here.literal.long = micros // 1_000_000
    elif zoned:
        here.cast.expr.literal.timestamp = micros
        getattr(here.cast.type, "date" if name in _DAY else "timestamp_ntz").SetInParent()
    elif name in _DAY:
        here.literal.date = (now - _EPOCH).days
    else:
        here.literal.timestamp_ntz = micros


def _text(text: str, now: dt.datetime | None, columns: frozenset[str], zoned: bool) -> str:
    """SQL text with the time put in, lexeme by lexeme; the same text if it does not ask for it."""
    lexemes = lex(text)
    written: list[Lexeme] = []
    changed, place = False, 0
    while place < len(lexemes):
        here = lexemes[place]
        name = fold(here.name) if here.kind in ("word", "quoted") else ""
        before = lexemes[place - 1].upper if place else ""
        after = [lexeme.upper for lexeme in lexemes[place + 1 : place + 3]]
        called = after[:1] == ["("] and (name not in _SECONDS or after[1:] == [")"])
        bare = name in BARE_CLOCKS and name not in columns and after[:1] != ["("]
        if name in _CLOCKS and before != "." and after[:1] != ["."] and (called or bare):
            if now is None or name == "current_time" or before == "AS" or (called and after[1:] != [")"]):
                _refuse(name)
            written.append(Lexeme("word", _literal(name, now, zoned), here.spaced))
            changed, place = True, place + (3 if called else 1)
            continue
        written.append(here)
        place += 1
    return render(tuple(written)) if changed else text


def _literal(name: str, now: dt.datetime, zoned: bool) -> str:
    utc = now.astimezone(dt.UTC)
    if name in _SECONDS:
        return f"{(now - _EPOCH) // dt.timedelta(seconds=1)}L"
    moment = f"{utc:%Y-%m-%d %H:%M:%S.%f}"
    instant = f"TIMESTAMP'{moment}+00:00'"
    if name in _INSTANT:
        return instant
    if zoned:
        return f"CAST({instant} AS {'DATE' if name in _DAY else 'TIMESTAMP_NTZ'})"
    return f"DATE'{utc:%Y-%m-%d}'" if name in _DAY else f"TIMESTAMP_NTZ'{moment}'"


def _refuse(what: str, hint: str = "") -> NoReturn:
    raise PlanRefused(
        "function-refused",
        f"{what} asks for the time at which the metric happens to run",
        hint or "give the run an as_of, and ask with F.current_timestamp() or F.current_date()",
    )
