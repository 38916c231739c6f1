"""JSON from a worker that lies becomes a message of exactly the known form, or is garbage."""

from __future__ import annotations

import json
import math
import socket
import threading
from typing import Any

import pytest

from engine.errors import Interrupted, LimitExceeded
from engine.gateway.gateway import Gateway
from engine.pool.worker import Worker
from engine.results import validate_outcome
from engine.results.problems import MOST_PROBLEMS
from sandbox.contract.framing import WORKER_CAPS, ChannelClosed, ChannelGarbage, Kind
from sandbox.contract.limits import Limits
from sandbox.contract.messages import Outcome, Problem, decode
from tests.hostile.client import FRAME_INDEX, converse, frame, outcome
from tests.waiting import within

RETURNED = {"type": "float", "kind": "float", "text": "0x1p+0"}
RAISED = {
    "type": "ValueError",
    "message": "no",
    "line": 1,
    "source": "x",
    "condition": "",
    "memory": False,
    "refusal": None,
}
VALUE = {"name": "auc", "returned": RETURNED}
NAMED = {"type": "dict", "count": 1, "values": [VALUE], "wrong": ""}
NOTHING = {"several": False, "parameters": [], "fixed": [], "functions": [], "baseline": None}
BASELINE = {"required": True, "line": 1, "column": 1, "words": []}
PARAMETER = {"name": "k", "kind": "int", "options": [], "line": 1, "column": 1}
OPTION = {"kind": "int", "text": "10"}
PROBLEM: dict[str, Any] = {
    "line": 1,
    "column": 1,
    "code": "x",
    "message": "m",
    "hint": "",
    "severity": "error",
}


def _outcome(**changes: Any) -> bytes:
    return json.dumps(
        {"frame": FRAME_INDEX, "returned": RETURNED, "raised": None, "named": None, **changes}
    ).encode()


def _raised(**changes: Any) -> bytes:
    return _outcome(returned=None, raised={**RAISED, **changes})


def _returned(**changes: Any) -> bytes:
    return _outcome(returned={**RETURNED, **changes})


CAP = WORKER_CAPS[Kind.OUTCOME]

GARBAGE = {
    "NaN": _outcome(frame=math.nan),
    "Infinity": _outcome(frame=math.inf),
    "minus Infinity": _outcome(frame=-math.inf),
    "1e400": _outcome().replace(b'"frame": 7', b'"frame": 1e400'),
    "7.0": _outcome(frame=7.0),
    "true for 1": _outcome(frame=True),
    "null": _outcome(frame=None),
    "text for a number": _outcome(frame="7"),
    "a huge integer": _outcome(frame=10**4_000),
    "an integer too long to read": _outcome().replace(b'"frame": 7', b'"frame": ' + b"9" * 200_000),
    "an unknown field": _outcome(extra=1),
    "a missing field": b'{"frame":7,"returned":null}',
    "an unknown field inside": _returned(extra=1),
    "both": _outcome(raised=RAISED),
    "neither": _outcome(returned=None),
    "names of a metric that declares one number": _outcome(returned=None, named=NAMED),
    "a number and names": _outcome(named=NAMED),
    "an exception and names": _outcome(returned=None, raised=RAISED, named=NAMED),
    "names that are no list": _outcome(returned=None, named={**NAMED, "values": {"auc": RETURNED}}),
    "a name that is no text": _outcome(returned=None, named={**NAMED, "values": [{**VALUE, "name": 1}]}),
    "a count that is no number": _outcome(returned=None, named={**NAMED, "count": math.nan}),
    "a list": b"[]",
    "a number": b"7",
    "two values": _outcome() + _outcome(),
    "text after it": _outcome() + b"x",
    "an unknown kind": _returned(kind="complex"),
    "a kind that is no text": _returned(kind=["float"]),
    "a text that is no text": _returned(text=1.0),
    "NaN as a text's place": _returned(text=math.nan),
    "a severity of its own": _raised(refusal={**PROBLEM, "severity": "fatal"}),
    "a line too large": _raised(line=2**63),
    "a flag that is no flag": _raised(memory=1),
    "deep lists": b"[" * (CAP // 2) + b"]" * (CAP // 2),
    "deep lists without end": b"[" * CAP,
    "deep objects": (b'{"frame":' * 20_000)[: CAP - 1],
    "a deep value": _outcome(frame=0).replace(b"0", b"[" * 50_000 + b"]" * 50_000, 1),
    "many values": b"[" + b"[]," * (CAP // 3 - 1) + b"1]",
    "many keys": b"{" + b",".join(b'"%d":0' % i for i in range(CAP // 10)) + b"}",
    "not UTF-8": b"\xff" + _outcome(),
    "UTF-16": _outcome().decode().encode("utf-16"),
    "a byte that is no text in a text": _returned(text="A").replace(b'"A"', b'"\xff"'),
    "a null byte": _outcome() + b"\0",
    "Python's literals": repr(json.loads(_outcome())).encode(),
    "comments": b"/* */" + _outcome(),
}

# Odd, but messages all the same; the validator says what they mean.
ODD = {
    "a key twice": _outcome().replace(b'{"frame": 7', b'{"frame": 1, "frame": 7'),
    "lone surrogates": _raised(message="\ud800", type="\udfff", source="\ud83d"),
    "escapes of a terminal": _raised(message="\x1b]0;x\x07\x1b[2J", type="\x1b[31m", source="\x9b2J"),
    "the longest text": _raised(message="x" * (CAP - 300)),
    "a host path": _raised(message="/home/operator/secret/data.parquet"),
    "a line before the first": _raised(line=-(2**62)),
    "a refusal of no known code": _raised(refusal={**PROBLEM, "code": "\x00", "line": -1}),
    "a condition of the engine": _raised(condition="CALCMETRIC_BACKEND"),
    "NaN as a float": _returned(text="nan"),
    "infinity as a float": _returned(text="inf"),
    "1e400 as a float": _returned(text="1e400"),
    "an endless integer": _returned(kind="int", text="9" * 250_000),
    "an endless fraction": _returned(kind="fraction", text="1/" + "3" * 250_000),
    "a decimal's exponent": _returned(kind="decimal", text="1E+999999999999999999"),
    "a bool that is a number": _returned(kind="bool", text="0x1p+0"),
    "no number": _returned(kind="int", text="__import__('os')"),
    "digits of another script": _returned(kind="int", text="\u0661\u0662"),
    "underscores": _returned(kind="int", text="1_000"),
    "blanks": _returned(kind="float", text=" 1 "),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_an_outcome_that_is_none_ends_the_worker(name: str) -> None:
    assert len(GARBAGE[name]) <= CAP
    ended = converse(frame(Kind.OUTCOME, GARBAGE[name]))
    assert isinstance(ended.ending, ChannelGarbage)
    assert ended.unhandled == []


@pytest.mark.parametrize("name", ODD)
def test_an_odd_outcome_means_something_that_can_be_shown(name: str) -> None:
    ended = converse(frame(Kind.OUTCOME, ODD[name]))
    assert isinstance(ended.ending, Outcome)
    for rows in (0, 5, None):
        with within(1):
            validated = validate_outcome(ended.ending, rows=rows)
        assert math.isfinite(validated.value) == (validated.status == "ok")
        if validated.error is not None:
            shown = f"{validated.error.message}{validated.error.hint}{validated.error.code}"
            shown.encode("utf-8")
            assert not {"\x1b", "\x9b", "\x07", "\0"} & set(shown)
            assert "/home/" not in shown
            assert len(shown) < 10_000


@pytest.mark.parametrize(
    "name", ["1e400 as a float", "no number", "digits of another script", "underscores", "blanks"]
)
def test_only_an_exact_number_is_a_number(name: str) -> None:
    found = validate_outcome(decode(Outcome, ODD[name]), rows=5)
    assert found.status == "invalid_output"


def test_what_was_said_before_a_run_was_cancelled_is_not_read_to_its_end() -> None:
    """A channel holds ten thousands of empty messages, each of which waits its turn."""
    ended = converse(frame(Kind.PRINTED, b"x") * 1_000 + outcome(), cancelled=True)
    assert isinstance(ended.ending, Interrupted) and ended.ending.reason == "cancelled"
    assert ended.printed == ""


def _compile(sent: bytes, *, close: bool = True) -> object:
    """What the gateway makes of a worker that answers the source like this."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        gateway = Gateway(Worker(ours), Limits())
        sender = threading.Thread(target=theirs.sendall, args=(sent,))
        sender.start()
        if close:
            sender.join(0.05) if len(sent) > 100_000 else sender.join()
        try:
            return gateway.compile(b"def calc_metric(df): pass", extra_imports=(), restricted=True)[0]
        except (ChannelClosed, ChannelGarbage, LimitExceeded) as error:
            return error
        finally:
            ours.close()
            sender.join(60)
            assert not sender.is_alive()


def _compiled(*problems: Any) -> bytes:
    return frame(Kind.COMPILED, json.dumps({"problems": problems, "signature": NOTHING}).encode())


def _declared(**changes: Any) -> bytes:
    parts = {"problems": [], "signature": {**NOTHING, **changes}}
    return frame(Kind.COMPILED, json.dumps(parts).encode())


def _literal(*options: Any) -> bytes:
    return _declared(parameters=[{**PARAMETER, "kind": "literal", "options": options}])


@pytest.mark.parametrize(
    "sent",
    [
        outcome(),
        frame(Kind.PRINTED, b"x"),
        frame(Kind.REQUEST, b"\x01"),
        frame(Kind.COMPILED),
        frame(Kind.COMPILED, b"{}"),
        frame(Kind.COMPILED, b'{"problems":null}'),
        frame(Kind.COMPILED, b'{"problems":[null]}'),
        frame(Kind.COMPILED, b'{"problems":' + b"[" * 1_000_000),
        frame(Kind.COMPILED, b"[" + b"[]," * 1_000_000 + b"1]"),
        frame(Kind.START, b"{}"),
        _declared(more=1),
        _declared(several=1),
        _declared(fixed=[1]),
        _declared(functions=["no identifier"]),
        _declared(baseline=True),
        _declared(baseline={**BASELINE, "required": 1}),
        _declared(baseline={**BASELINE, "line": 0}),
        _declared(baseline={**BASELINE, "column": 1 << 40}),
        _declared(baseline={**BASELINE, "words": ["x" * 101]}),
        _declared(baseline={**BASELINE, "words": ["x"] * 5_001}),
        _declared(fixed=["no identifier"]),
        _declared(fixed=["\x1b[31m"]),
        _declared(fixed=["x"] * 2),
        _declared(fixed=["x" * 101]),
        _declared(parameters=[PARAMETER] * 2),
        _declared(parameters=[PARAMETER], fixed=["k"]),
        _declared(parameters=[{**PARAMETER, "name": f"p{i}"} for i in range(101)]),
        _declared(parameters=[{**PARAMETER, "name": "k\u0301\u202e"}]),
        _declared(parameters=[{**PARAMETER, "name": "\ufb01"}]),
        _declared(parameters=[{**PARAMETER, "kind": "object"}]),
        _declared(parameters=[{**PARAMETER, "line": 0}]),
        _declared(parameters=[{**PARAMETER, "kind": "literal"}]),
        _declared(parameters=[{**PARAMETER, "options": [OPTION]}]),
        _declared(parameters=[{**PARAMETER, "kind": "literal", "options": [OPTION] * 101}]),
        _declared(parameters=[{**PARAMETER, "kind": "literal", "options": [{**OPTION, "text": "1_0"}]}]),
        _declared(
            parameters=[{**PARAMETER, "kind": "literal", "options": [{**OPTION, "text": "9" * 5_000}]}]
        ),
        _declared(
            parameters=[{**PARAMETER, "kind": "literal", "options": [{"kind": "float", "text": "nan"}]}]
        ),
        _declared(parameters=[{**PARAMETER, "kind": "literal", "options": [{"kind": "bool", "text": "no"}]}]),
        _compiled({**PROBLEM, "line": 1.5}),
        _compiled({**PROBLEM, "code": None}),
        _compiled({**PROBLEM, "severity": "none"}),
        _compiled({**PROBLEM, "more": 1}),
        _compiled(PROBLEM, []),
        _compiled({**PROBLEM, "line": 0}),
        _compiled({**PROBLEM, "line": 2**40}),
        _compiled({**PROBLEM, "column": -1}),
        _compiled({**PROBLEM, "code": "Raised"}),
        _compiled({**PROBLEM, "code": "x" * 61}),
        _compiled({**PROBLEM, "code": "\x1b[31m"}),
    ],
)
def test_what_no_compiler_tells_is_garbage(sent: bytes) -> None:
    assert isinstance(_compile(sent), ChannelGarbage)


def test_an_honest_list_of_problems_is_read() -> None:
    assert _compile(_compiled(PROBLEM)) == (Problem(**PROBLEM),)
    assert _compile(_compiled()) == ()


def test_words_about_a_source_are_cleaned_where_they_enter() -> None:
    message = "\x1b]0;x\x07no\n/home/operator/secret/a.py:1:1 fine"
    told = {**PROBLEM, "message": message, "hint": "\ud800" + "y" * 9_000}
    found = _compile(_compiled(told))
    assert isinstance(found, tuple)
    (problem,) = found
    assert problem.message == "no a.py:1:1 fine"
    assert problem.hint.startswith("yyy") and len(problem.hint) <= 2_000


def test_of_too_many_problems_errors_stay() -> None:
    many = [{**PROBLEM, "severity": "warning", "line": number} for number in range(1, 9_000)]
    found = _compile(_compiled(*many, {**PROBLEM, "line": 9_999}))
    assert found == (Problem(**{**PROBLEM, "line": 9_999}),)
    assert len(_compile(_compiled(*many))) == MOST_PROBLEMS  # type: ignore[arg-type]
