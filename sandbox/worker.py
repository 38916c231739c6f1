"""The worker: one guest, from its first byte to its last frame, in a confined process of its own.

Started by the zygote, already confined. It speaks only to the engine, over the one channel it has:
compile the source, then answer CALL after CALL with an OUTCOME, until the engine closes the channel.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import random
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.random.bit_generator as bit_generator

from sandbox.client.transport import Transport
from sandbox.compiling import answer_start, receive
from sandbox.contract.framing import Channel, ChannelClosed, ChannelGarbage, Kind
from sandbox.contract.messages import Call, Frames, Outcome, encode
from sandbox.contract.signature import from_scalar
from sandbox.language import Program, load
from sandbox.language.clock import CLOCK
from sandbox.outcome import describe_named, describe_raised, describe_returned
from sandbox.tripwire import set_tripwire

# What opens sessions and frames.
_CLIENTS: Final[Mapping[Frames, str]] = {
    "pyspark": "sandbox.client.session",
    "snowpark": "sandbox.client.snowpark",
}


def run_worker(channel: Channel, *, science: bool) -> int:
    """Serve one run; return the exit status: 0 when the engine closed the channel, 1 on a bad engine.

    Args:
        channel: to the engine.
        science: whether scipy and statsmodels are loaded.
    """
    transport = Transport(channel)
    if not science:
        set_tripwire(transport.lack_science)
    try:
        start, program = answer_start(transport)
        client = load_client(start.frames or "pyspark")
        transport.make_error = client.build_exception
        session = client.open_session(transport)
        lines = tuple(start.source.encode("latin-1").decode("utf-8", "replace").splitlines())
        while True:
            call = receive(transport, Kind.CALL, Call)
            outcome = _run_frame(program, client, session, transport, call, lines)
            transport.send(Kind.OUTCOME, encode(outcome))
    except ChannelClosed:
        return 0
    except ChannelGarbage:
        return 1


class _Printed(io.TextIOBase):
    """A standard output that leads into the frame's printed text."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def write(self, text: str) -> int:
        self._transport.write_printed(text)
        return len(text)


def load_client(frames: Frames) -> Any:
    """The module that opens sessions and such frames, whose library the zygote has loaded."""
    return importlib.import_module(_CLIENTS[frames])


def _run_frame(
    program: Program, client: Any, session: Any, transport: Transport, call: Call, lines: tuple[str, ...]
) -> Outcome:
    _seed_generators(call.seed)
    CLOCK.set(call.now)
    try:
        # Libraries print too: df.show() and df.printSchema() write to standard output.
        with contextlib.redirect_stdout(_Printed(transport)):
            arguments = {one.name: from_scalar(one.value) for one in call.arguments}
            given = [client.open_frame(session)]
            if call.baseline:
                given.append(client.open_baseline(session))
            write = transport.write_printed
            calc_metric = load(program, sink=write, arguments=arguments, frames=len(given))
            value = calc_metric(*given)
            named = describe_named(value) if program.signature.several else None
            if named is not None:
                return Outcome(call.frame, None, None, named)
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
