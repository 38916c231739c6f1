"""Every limit and every way to misbehave: one tagged result, the other frames' numbers, and a next run."""

from __future__ import annotations

import contextlib
import dataclasses
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from engine import Dataset, Engine, Limits, SourceRefused
from engine.gateway.budget import CUT_MARK
from tests.engine.support import (
    check_goes_on,
    in_time,
    metric,
    misbehaving,
    result_of_b,
    run_on_groups,
    was_limited,
)
from tests.tiers import one_in, only

_MIB = 1 << 20
SMALL = Limits(frame_seconds=30, memory_bytes=512 * _MIB)
# More than any test here may make the engine's own process allocate at once.
_GROWTH = 64 * _MIB


@dataclass(frozen=True)
class Case:
    """A guest's body on one frame, and the result that it must get."""

    body: str
    status: str
    code: str | None
    limits: Limits = SMALL
    says: str = ""


def limits(**values: Any) -> Limits:
    return dataclasses.replace(SMALL, **values)


@contextlib.contextmanager
def allocations() -> Iterator[Callable[[], int]]:
    """How many bytes Python had allocated at most in the meantime, which no other process has a say in."""
    most = 0
    tracemalloc.start()
    try:
        yield lambda: most
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


RESTRICTED = {
    "memory: a list": Case("held = [0]\nwhile True:\n    held = held + held", "limit", "limit-memory-bytes"),
    "memory: numpy": Case("return float(np.ones(10**9).sum())", "limit", "limit-memory-bytes"),
    "memory: lazy zeros": Case(
        "held = []\nfor _ in range(100):\n    held.append(np.zeros(10**7))\nreturn len(held)",
        "limit",
        "limit-memory-bytes",
    ),
    "memory: text": Case("return 'x' * 10**10", "limit", "limit-memory-bytes"),
    "loop in Python": Case("while True:\n    pass", "limit", "limit-frame-seconds", limits(frame_seconds=1)),
    "loop in C": Case("return sum(range(10**12))", "limit", "limit-frame-seconds", limits(frame_seconds=1)),
    "power in C": Case("return 3 ** (3 ** 20)", "limit", "limit-frame-seconds", limits(frame_seconds=1)),
    "loop while printing": Case(
        "while True:\n    print('x' * 1000)", "limit", "limit-frame-seconds", limits(frame_seconds=1)
    ),
    "query: a cross join": Case(
        "far = df\nfor _ in range(5):\n    far = far.crossJoin(df.select('n'))\nreturn far.count()",
        "limit",
        "limit-frame-seconds",
        limits(frame_seconds=2),
    ),
    "processor time": Case(
        "while True:\n    pass", "limit", "limit-cpu-seconds", limits(cpu_seconds=1.0, frame_seconds=20)
    ),
    "plans": Case(
        "for _ in range(20):\n    df.count()\nreturn 1.0",
        "limit",
        "limit-plans",
        limits(plans=10),
        "10 allowed",
    ),
    "fetched rows": Case("return len(df.collect())", "limit", "limit-fetched-rows", limits(fetched_rows=50)),
    "fetched bytes": Case(
        "return len(df.toPandas())", "limit", "limit-fetched-bytes", limits(fetched_bytes=2500)
    ),
    "a caught limit": Case(
        "try:\n    for _ in range(20):\n        df.count()\nexcept Exception:\n    pass\nreturn 1.0",
        "limit",
        "limit-plans",
        limits(plans=10),
    ),
    "deep recursion": Case(
        "def down(k):\n    return down(k + 1)\nreturn down(0)", "raised", "raised", says="RecursionError"
    ),
    "a long result": Case("return 'x' * 10**8", "invalid_output", "returned-text"),
    "a list": Case("return list(range(10**6))", "invalid_output", "returned-collection"),
    "an integer of a million digits": Case("return 10 ** 10**6", "invalid_output", "returned-too-large"),
    "a long message": Case("raise ValueError('x' * 10**8)", "raised", "raised", says="ValueError: xxx"),
}

UNRESTRICTED = {
    "crash": Case("import ctypes\nctypes.string_at(0)", "lost", "worker-lost", says="SIGSEGV"),
    "abort": Case("import os\nos.abort()", "lost", "worker-lost", says="SIGABRT"),
    "a signal without a name": Case(
        "import signal\nsignal.raise_signal(40)", "lost", "worker-lost", says="signal 40"
    ),
    "stopping itself": Case(
        "import signal\nsignal.raise_signal(19)", "limit", "limit-frame-seconds", limits(frame_seconds=1)
    ),
    "exit": Case("import os\nos._exit(0)", "lost", "worker-lost", says="exit code 0"),
    "exit as if unconfined": Case("import os\nos._exit(71)", "lost", "worker-lost", says="exit code 71"),
    "sys.exit": Case("import sys\nsys.exit(3)", "raised", "raised", says="SystemExit"),
    "KeyboardInterrupt": Case("raise KeyboardInterrupt", "raised", "raised", says="KeyboardInterrupt"),
    "fork": Case("import os\nos.fork()", "raised", "raised", says="PermissionError"),
    "exec": Case(
        "import os\nos.execv('/bin/true', ['true'])", "lost", "worker-lost", says="forbidden system call"
    ),
    "a closed channel": Case(
        "import os\n"
        "for number in range(3, 64):\n"
        "    try:\n"
        "        os.close(number)\n"
        "    except OSError:\n"
        "        pass\n"
        "return 1.0",
        "lost",
        "worker-lost",
    ),
    "an exception whose text exits": Case(
        "class Odd(Exception):\n    def __str__(self):\n        raise SystemExit\nraise Odd",
        "raised",
        "raised",
        says="could not be made",
    ),
    "an exception whose text loops": Case(
        "class Odd(Exception):\n    def __str__(self):\n        while True:\n            pass\nraise Odd",
        "limit",
        "limit-frame-seconds",
        limits(frame_seconds=1),
    ),
    "a class with an odd module": Case(
        "class Odd(Exception):\n    __module__ = 5\nraise Odd", "raised", "raised", says="Odd"
    ),
    "a class with a long name": Case(
        "raise type('X' * 10**6, (Exception,), {})()", "raised", "raised", says="XXX"
    ),
    "a number that lies": Case(
        "class Odd(float):\n    def __float__(self):\n        return 'x'\n    __pos__ = __float__\n"
        "return Odd(2.5)",
        "ok",
        None,
    ),
    "recursion in C": Case(
        # Which iterators of iterators do uncounted, in each Python.
        "found = iter([1])\nfor _ in range(200_000):\n    found = map(abs, found)\nreturn next(found)",
        "lost",
        "worker-lost",
        says="SIGSEGV",
    ),
}

# Bytes that no honest worker sends; `send(kind, payload)` writes one frame.
_CHANNEL = """
import json, os, struct
def send(kind, payload, length=None):
    data = struct.pack('>IB', len(payload) if length is None else length, kind) + payload
    while data:
        try:
            data = data[os.write(CHANNEL, data):]
        except BlockingIOError:
            pass
def outcome(frame, text='0x1.8p+0'):
    returned = {'type': 'float', 'kind': 'float', 'text': text}
    return json.dumps({'frame': frame, 'returned': returned, 'raised': None, 'named': None}).encode()
def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
CHANNEL = next(number for number in range(3, 64) if is_open(number))
"""
_FOREVER = "\nwhile True:\n    pass"
GARBAGE = {
    "unknown kind": "send(200, b'x')",
    "a kind of the engine's": "send(3, b'x')",
    "compiled again": "send(16, b'{\"problems\": []}')",
    "a huge length": "send(19, b'', length=2**32 - 1)",
    "a request too long": "send(17, b'', length=2**31)",
    "printed too long": "send(18, b'', length=2**20)",
    "no JSON": "send(19, b'hello')",
    "NaN as JSON": "send(19, b'NaN')",
    "deep JSON": "send(19, b'[' * 200000)",
    "JSON of a huge number": "send(19, b'{\"frame\": ' + b'9' * 100000 + b'}')",
    "not UTF-8": "send(19, bytes(range(256)))",
    "an empty outcome": 'send(19, b\'{"frame": 2, "returned": null, "raised": null}\')',
    "an outcome of another frame": "send(19, outcome(1))",
    "an outcome of no frame": "send(19, outcome(10**9))",
    "a request of no method": "send(17, bytes([9]))",
    "an empty request": "send(17, b'')",
}


# What takes more than half of its time natively is asked of Spark.
LONG = "query: a cross join"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(LONG, marks=[pytest.mark.spark, pytest.mark.slow]),
        *one_in(2, [name for name in RESTRICTED if name != LONG]),
    ],
)
def test_limits_under_the_language(engine: Engine, rows: Dataset, name: str) -> None:
    _check(engine, rows, RESTRICTED[name])


@pytest.mark.parametrize("name", one_in(2, UNRESTRICTED))
def test_endings_without_the_language(bare: Engine, rows: Dataset, name: str) -> None:
    _check(bare, rows, UNRESTRICTED[name])


@pytest.mark.parametrize("name", one_in(2, GARBAGE))
def test_garbage_on_the_channel(bare: Engine, rows: Dataset, name: str) -> None:
    case = Case(GARBAGE[name] + _FOREVER, "lost", "worker-garbage")
    _check(bare, rows, case, _CHANNEL)


def _check(engine: Engine, rows: Dataset, case: Case, before: str = "") -> None:
    with allocations() as most:
        result = result_of_b(engine, misbehaving(case.body, before), rows, limits=case.limits)
    assert (result.status, result.error and result.error.code) == (case.status, case.code), result.error
    if result.error is not None:
        assert case.says in result.error.message
        assert len(result.error.message) < 5000
    assert most() < _GROWTH
    check_goes_on(engine, rows)


@dataclass(frozen=True)
class Edge:
    """A limit, and a body that uses as much of it as the number in place of `{}` says, for two numbers."""

    value: float
    body: str
    within: float
    beyond: float


# On the full frame, which has 300 rows.
EDGES = {
    "wall_seconds": Edge(4.0, "time.sleep({})\nreturn 1.0", 0.1, 600),
    "frame_seconds": Edge(4.0, "time.sleep({})\nreturn 1.0", 0.1, 600),
    "cpu_seconds": Edge(
        2.0,
        "began = time.process_time()\nwhile time.process_time() - began < {}:\n    pass\nreturn 1.0",
        0.5,
        30,
    ),
    "memory_bytes": Edge(512 * _MIB, "return float(np.ones({} << 17)[0])", 300, 600),
    "fetched_rows": Edge(50, "return float(len(df.limit({}).collect()))", 50, 51),
    "fetched_bytes": Edge(4_500, "return float(len(df.limit({}).select('n', 'x').collect()))", 200, 300),
    "plans": Edge(10, "for _ in range({}):\n    df.limit(1).count()\nreturn 1.0", 10, 11),
    "printed_bytes": Edge(100, "print('é' * {})\nreturn 1.0", 49, 50),
}


def test_every_limit_has_an_edge() -> None:
    assert {*EDGES, "source_bytes"} == {field.name for field in dataclasses.fields(Limits)}


def test_the_edge_of_source_bytes(engine: Engine, rows: Dataset) -> None:
    source = metric("return 1.0")
    fits = limits(source_bytes=len(source))
    assert engine.evaluate(source, rows, limits=fits).overall.value == 1.0
    with pytest.raises(SourceRefused) as refused:
        engine.evaluate(source + "\n", rows, limits=fits)
    assert [problem.code for problem in refused.value.problems] == ["source-too-long"]


@pytest.mark.parametrize("mebibytes", one_in(3, [400, 512, 1000, 1024, 1025, 2048]))
def test_any_memory_limit_lets_small_fetches_through(engine: Engine, rows: Dataset, mebibytes: int) -> None:
    """Also in a run's second worker. An allocator that takes memory in large parts once never gave up."""
    source = metric("return float(df.toPandas()['n'].sum())")
    run = run_on_groups(engine, source, rows, limits=limits(memory_bytes=mebibytes * _MIB))
    assert [result.value for result in run.results] == [44850.0, 14850.0, 14950.0, 15050.0], run.results


@pytest.mark.parametrize("name", only(("wall_seconds", "fetched_rows", "plans"), EDGES))
def test_the_edges_of_a_limit(bare: Engine, rows: Dataset, name: str) -> None:
    edge = EDGES[name]
    limit = Limits(**{"frame_seconds": 60, name: edge.value})  # type: ignore[arg-type]
    within, beyond = (
        metric(edge.body.replace("{}", str(used)), "import time") for used in (edge.within, edge.beyond)
    )
    run = in_time(
        lambda given: bare.evaluate(within, rows, limits=given),
        limit,
        lambda run: not was_limited(run.overall),
    )
    assert run.overall.error is None
    result = bare.evaluate(beyond, rows, limits=limit).overall
    if name == "printed_bytes":  # what is beyond it is cut, and the number stays
        assert (result.status, result.printed) == ("ok", "é" * 50 + CUT_MARK)
        return
    assert result.status == "limit" and result.error is not None
    assert result.error.code == f"limit-{name.replace('_', '-')}"
    assert result.error.hint and name in result.error.hint


def test_what_is_printed_is_cut_and_marked(engine: Engine, rows: Dataset) -> None:
    small = limits(printed_bytes=100)
    run = run_on_groups(engine, metric("print('é' * 60)\nprint('y' * 1000)\nreturn 1.0"), rows, limits=small)
    for result in run.results:
        assert result.status == "ok"
        assert result.printed == "é" * 50 + CUT_MARK


def test_a_flood_of_printing_is_no_flood_of_memory(engine: Engine, rows: Dataset) -> None:
    body = "for _ in range(100):\n    print('z' * 10**5)\nreturn 1.0"
    with allocations() as most:
        result = result_of_b(engine, misbehaving(body), rows)
    assert result.status == "ok"
    assert len(result.printed) == SMALL.printed_bytes + len(CUT_MARK)
    assert most() < 2 * _MIB


def test_the_run_ends_in_its_time_and_says_so_of_every_frame_left(engine: Engine, rows: Dataset) -> None:
    endless = metric("while True:\n    pass")
    run = in_time(
        lambda given: run_on_groups(engine, endless, rows, limits=given),
        limits(wall_seconds=1.5),
        lambda run: len(run.results) > 1,  # its frames were found
    )
    assert {result.error.code for result in run.results if result.error} == {"limit-wall-seconds"}
    assert len(run.results) == 4
    check_goes_on(engine, rows)


def test_an_outcome_sent_twice_is_believed_once(bare: Engine, rows: Dataset) -> None:
    """The second one answers no call: the frame that meets it is lost, and no number is wrong."""
    source = misbehaving("send(19, outcome(2))\nreturn 1.5", _CHANNEL)
    run = run_on_groups(bare, source, rows)
    assert {result.value for result in run.results if result.status == "ok"} <= {
        44850.0,
        14850.0,
        15050.0,
        1.5,
    }
    assert {result.status for result in run.results} <= {"ok", "lost"}
    assert run.results[2].value == 1.5
    check_goes_on(bare, rows)


def test_a_long_source_and_a_source_of_many_problems_are_refused(engine: Engine, rows: Dataset) -> None:
    too_long = metric("return 1.0") + "# é\n" * 10**6
    assert [problem.code for problem in engine.check(too_long)] == ["source-too-long"]
    many = engine.check("import os\n" * 20_000 + metric("return 1.0"))
    assert len(many) == 1001
    assert {problem.code for problem in many[:-1]} == {"import-refused"}
    assert many[-1].code == "too-many-problems" and "19,000 more" in many[-1].message
    allowed = Limits(source_bytes=8 * _MIB)
    assert engine.evaluate(too_long, rows, limits=allowed).overall.value == 1.0


@pytest.mark.parametrize(
    "source",
    ["(" * 100_000, "x = " + "-" * 100_000 + "1", "[" * 200, "f(" * 5_000 + ")" * 5_000, "\0", "é\ud800"],
    ids=["parentheses", "minus", "brackets", "calls", "zero", "surrogate"],
)
def test_a_source_that_breaks_parsers_is_a_problem_of_the_source(engine: Engine, source: str) -> None:
    problems = engine.check(source)
    assert problems and all(problem.severity == "error" for problem in problems)
