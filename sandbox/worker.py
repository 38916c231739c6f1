"""The worker: one guest, from its first byte to its last frame, in a confined process of its own.

Started by the zygote, already confined. It speaks only to the engine, over the one channel it has:
compile the source, then answer CALL after CALL with an OUTCOME, until the engine closes the channel.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import random
from typing import Any, Final

import numpy as np
import numpy.random.bit_generator as bit_generator

from sandbox.client.transport import Transport
from sandbox.contract.framing import Channel, ChannelClosed, ChannelGarbage, Kind
from sandbox.contract.messages import Call, Compiled, Outcome, Problem, Start, decode, encode
from sandbox.language import Program, compile_source, compile_unrestricted, load
from sandbox.outcome import describe_raised, describe_returned

_REPORTED: Final = 1_000


def run_worker(channel: Channel) -> int:
    """Serve one run; return the exit status: 0 when the engine closed the channel, 1 on a bad engine."""
    transport = Transport(channel)
    try:
        start = _receive(transport, Kind.START, Start)
        program = _compile(start)
        transport.send(Kind.COMPILED, encode(Compiled(_first(program.problems))))
        client = load_client(snowpark=start.snowpark)
        transport.make_error = client.build_exception
        session = client.open_session(transport)
        lines = tuple(start.source.encode("latin-1").decode("utf-8", "replace").splitlines())
        while True:
            call = _receive(transport, Kind.CALL, Call)
            outcome = _run_frame(program, client, session, transport, call, lines)
            transport.send(Kind.OUTCOME, encode(outcome))
    except ChannelClosed:
        return 0
    except ChannelGarbage:
        return 1


def _receive(transport: Transport, expected: Kind, message: type[Any]) -> Any:
    kind, payload = transport.receive()
    if kind is not expected:
        raise ChannelGarbage(f"expected {expected.name}, got {kind.name}")
    return decode(message, payload)


def _compile(start: Start) -> Program:
    source = start.source.encode("latin-1")
    if not start.restricted:
        return compile_unrestricted(source)
    return compile_source(source, source_bytes=start.source_bytes, extra_imports=start.extra_imports)


def _first(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """No more problems than somebody reads and the engine takes, errors before warnings."""
    if len(problems) <= _REPORTED:
        return problems
    worst = sorted(problems, key=lambda problem: problem.severity != "error")[:_REPORTED]
    left = f"there are {len(problems) - _REPORTED:,} more problems"
    return (*worst, Problem(worst[-1].line, 1, "too-many-problems", left, "mend these first", "warning"))


class _Printed(io.TextIOBase):
    """A standard output that leads into the frame's printed text."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def write(self, text: str) -> int:
        self._transport.write_printed(text)
        return len(text)


def load_client(*, snowpark: bool) -> Any:
    """The module that opens sessions and frames: PySpark's or Snowpark's, which the zygote has loaded."""
    return importlib.import_module("sandbox.client.snowpark" if snowpark else "sandbox.client.session")


def _run_frame(
    program: Program, client: Any, session: Any, transport: Transport, call: Call, lines: tuple[str, ...]
) -> Outcome:
    _seed_generators(call.seed)
    try:
        # Libraries print too: df.show() and df.printSchema() write to standard output.
        with contextlib.redirect_stdout(_Printed(transport)):
            calc_metric = load(program, sink=transport.write_printed)
            value = calc_metric(client.open_frame(session))
            return Outcome(call.frame, describe_returned(value), None)
    except (ChannelClosed, ChannelGarbage):
        raise
    except BaseException as error:
        raised = describe_raised(error, lines, client.condition_of(error))
        # The traceback keeps the guest's locals alive, which may be the memory that ran out.
        error.__traceback__ = None
        return Outcome(call.frame, None, raised)


def _seed_generators(seed: int) -> None:
    """Seed every generator that a metric can reach, so that a number depends on (source, frame) only."""
    random.seed(seed)
    np.random.seed(seed)
    entropy = random.Random(seed)  # noqa: S311 - reproducible on purpose
    # numpy draws the entropy of an unseeded default_rng() from this function.
    bit_generator.randbits = entropy.getrandbits  # type: ignore[attr-defined]
