"""Compiling in a worker: the first thing that each does, and all that one does of which no frame is asked.

Imports nothing of what metrics use, so that looking at a source takes a fraction of a second.
"""

from __future__ import annotations

from typing import Any, Final

from sandbox.client.transport import Transport
from sandbox.contract.framing import Channel, ChannelClosed, ChannelGarbage, Kind
from sandbox.contract.messages import Compiled, Problem, Start, decode, encode
from sandbox.language import Program, compile_source, compile_unrestricted

_REPORTED: Final = 1_000
_REHEARSED: Final = b"""
from pyspark.sql import functions as F


def calc_metric(df):
    row = df.filter(F.col("a") > 1).agg(F.avg("b").alias("m")).first()
    return row["m"] if row["m"] is not None else float("nan")
"""


def run_compiler(channel: Channel) -> int:
    """Compile a source, and wait until the engine closes the channel; the exit status as of `run_worker`."""
    transport = Transport(channel)
    try:
        answer_start(transport)
        transport.receive()
    except ChannelClosed:
        return 0
    except ChannelGarbage:
        return 1
    return 1  # it was asked for more


def answer_start(transport: Transport) -> tuple[Start, Program]:
    """Compile what the engine sends first, and tell it what came of that.

    Mostly the engine sends nothing yet: it has a worker forked ahead of the run that needs it. Compiling
    something meanwhile gives this process its own copies of the pages that compiling writes to, which takes
    ten times as long as compiling itself.

    Raises:
        ChannelClosed, ChannelGarbage: the engine is gone, or is none.
    """
    compile_source(_REHEARSED, source_bytes=len(_REHEARSED))
    start = receive(transport, Kind.START, Start)
    program = _compile(start)
    transport.send(Kind.COMPILED, encode(Compiled(_first(program.problems), program.signature)))
    return start, program


def receive(transport: Transport, expected: Kind, message: type[Any]) -> Any:
    """Wait for a message of a kind.

    Raises:
        ChannelClosed, ChannelGarbage: the engine is gone, or sent something else.
    """
    kind, payload = transport.receive()
    if kind is not expected:
        raise ChannelGarbage(f"expected {expected.name}, got {kind.name}")
    return decode(message, payload)


def _compile(start: Start) -> Program:
    source = start.source.encode("latin-1")
    if not start.restricted:
        return compile_unrestricted(source)
    return compile_source(
        source, source_bytes=start.source_bytes, extra_imports=start.extra_imports, frames=start.frames
    )


def _first(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """No more problems than somebody reads and the engine takes, errors before warnings."""
    if len(problems) <= _REPORTED:
        return problems
    worst = sorted(problems, key=lambda problem: problem.severity != "error")[:_REPORTED]
    left = f"there are {len(problems) - _REPORTED:,} more problems"
    return (*worst, Problem(worst[-1].line, 1, "too-many-problems", left, "fix these first", "warning"))
