"""Applies functions of the author to rows, as a worker of Spark does: with PySpark's own code for it.

So arguments arrive, and results are taken, exactly as in plain PySpark 4.2. The streams that Spark's worker
has from the JVM are here the channel: what it reads is asked for (INPUT, ROWS), what it writes is sent
(OUTPUT). The engine trusts nothing of what comes.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import numpy.random.bit_generator as bit_generator
import pyarrow as pa
from pyspark.errors import PySparkTypeError
from pyspark.sql.pandas.types import to_arrow_type
from pyspark.sql.types import DataType
from pyspark.util import PythonEvalType
from pyspark.worker import EvalConf, RunnerConf, read_udfs

from sandbox.client.functions import FUNCTIONS, describe_function, first_line
from sandbox.client.pickled import pickled
from sandbox.contract.framing import Channel, ChannelClosed, ChannelGarbage, Kind
from sandbox.contract.messages import Evaluate, decode
from sandbox.lines import deepest_line

_CHUNK: Final = 1 << 20
# Functions that one message names.
_MOST_TOLD: Final = 3
# Functions whose arguments and results Spark pickles are applied like those of Arrow, but for the values.
_PICKLED: Final = 100
_BY_ARROW: Final = 101
# The mark that a worker of Spark writes before its Arrow stream, for the JVM.
_START: Final = 4


class Evaluator:
    """Serves the evaluations of one worker.

    Attributes:
        failure: what the last one raised; None: nothing.
        applied: the functions of the last one, if it failed, for messages: "half of line 9".
    """

    def __init__(self, flush: Callable[[], None], chosen: Callable[[str], str | None]) -> None:
        """Begin.

        Args:
            flush: sends what was printed.
            chosen: tells what the call has set a setting to, if it has.
        """
        self.failure: BaseException | None = None
        self.applied = ""
        self._flush = flush
        self._chosen = chosen

    def __call__(self, payload: memoryview, channel: Channel) -> None:
        """Serve one: ask for rows, send results, and say how it ended."""
        self.failure = None
        evaluate = decode(Evaluate, payload)
        self.applied = ""
        states = random.getstate(), np.random.get_state()
        drawn = _Drawn()
        try:
            self._run(evaluate, channel)
        except (ChannelClosed, ChannelGarbage):
            raise
        except BaseException as error:  # the author's code, which may raise anything
            self.failure = error
        finally:
            drew = drawn.any(states)
            random.setstate(states[0])
            np.random.set_state(states[1])
        self._flush()
        if self.failure is None:
            channel.send(Kind.EVALUATED, b"\1" if drew else b"")
        else:
            made = FUNCTIONS.made(token for one in evaluate.functions for token in one.tokens)
            self.applied = " or ".join(dict.fromkeys(map(describe_function, made[:_MOST_TOLD])))
            line = deepest_line(self.failure) or next(map(first_line, made), 0)
            channel.send(Kind.FAILED, _number(line))

    def _run(self, evaluate: Evaluate, channel: Channel) -> None:
        configuration, about = RunnerConf(), EvalConf()
        kind = _BY_ARROW if evaluate.kind == _PICKLED else evaluate.kind
        configuration._conf = {name: self._chosen(name) or default for name, default in _READ.items()}
        about._conf = {"input_type": evaluate.input_type}
        kept = _Kept(evaluate)
        function, _, reader, writer = read_udfs(  # type: ignore[no-untyped-call]
            kept, _described(evaluate), kind, configuration, about
        )
        if evaluate.kind == PythonEvalType.SQL_MAP_ARROW_ITER_UDF:
            function = _declared(function, kept.output_type)
        sink = _Sink(channel)
        source = io.BufferedReader(_Source(channel), _CHUNK)
        writer.dump_stream(function(0, reader.load_stream(source)), sink)
        sink.flush_all()


class _Drawn:
    """Whether functions drew random numbers, of the generators of the process or of new ones."""

    def __init__(self) -> None:
        self._entropy = bit_generator.randbits  # type: ignore[attr-defined]
        self._asked = False
        bit_generator.randbits = self._ask  # type: ignore[attr-defined]

    def any(self, states: tuple[Any, Any]) -> bool:
        """Whether they did, since the generators were in these states. Called once."""
        bit_generator.randbits = self._entropy  # type: ignore[attr-defined]
        before, now = states[1], np.random.get_state()
        same = all(np.array_equal(one, other) for one, other in zip(before, now, strict=True))
        return self._asked or not same or random.getstate() != states[0]

    def _ask(self, bits: int) -> int:
        self._asked = True
        return int(self._entropy(bits))


# What decides how values are converted, with Spark's default.
_READ: Final = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.pandas.convertToArrowArraySafely": "true",
    "spark.sql.execution.pyspark.binaryAsBytes": "true",
}


class _Kept:
    """Where PySpark unpickles a function, gives the one that a token stands for.

    Attributes:
        output_type: what the last one declares.
    """

    output_type: DataType

    def __init__(self, evaluate: Evaluate) -> None:
        self._pickled = evaluate.kind == _PICKLED
        self._ends = iter(
            (place == 0, place == len(one.tokens) - 1)
            for one in evaluate.functions
            for place in range(len(one.tokens))
        )

    def _read_with_length(self, stream: io.BytesIO) -> Any:
        function, self.output_type = FUNCTIONS.get(int.from_bytes(stream.read(4), "big"))
        first, last = next(self._ends)
        if self._pickled:
            function = pickled(function, self.output_type, first=first, last=last)
        return function, self.output_type


def _declared(function: Callable[..., Any], output_type: DataType) -> Callable[..., Any]:
    """A function for mapInArrow, its batches held to their types, which Spark does outside of its worker.

    Spark takes columns by their places, whatever they are called, and no others; and instants of any zone.
    """
    expected = list(to_arrow_type(output_type, timezone="UTC"))

    def held(split: int, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in function(split, batches):
            given = batch.column(0).flatten()[: len(expected)]
            arrays = [_in_zone(array, field.type) for array, field in zip(given, expected, strict=False)]
            if [array.type for array in arrays] != [field.type for field in expected]:
                raise PySparkTypeError(
                    f"a function of mapInArrow gives {batch.column(0).type} for {pa.struct(expected)}"
                )
            made = pa.StructArray.from_arrays(arrays, fields=expected)
            yield pa.RecordBatch.from_arrays([made], ["_0"])

    return held


def _in_zone(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """The same instants in the zone of another type, if both are instants of the same unit."""
    instants = pa.types.is_timestamp(array.type) and pa.types.is_timestamp(kind)
    return array.view(kind) if instants and array.type.unit == kind.unit else array


def _described(evaluate: Evaluate) -> io.BytesIO:
    """What is to be applied to what, as the JVM tells it to a worker."""
    parts = [_number(len(evaluate.functions))]
    for one in evaluate.functions:
        parts.append(_number(len(one.columns)))
        for column, keyword in zip(one.columns, one.keywords or [""] * len(one.columns), strict=True):
            name = keyword.encode()
            parts.append(_number(column) + (b"\1" + _number(len(name)) + name if name else b"\0"))
        parts += [_number(len(one.tokens)), *map(_number, one.tokens)]
        parts.append(bytes(8))  # an id for profilers
    return io.BytesIO(b"".join(parts))


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")


class _Source(io.RawIOBase):
    """What the functions are applied to, asked for piece by piece."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._left = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left and not self._ended:
            self._channel.send(Kind.INPUT)
            kind, self._left = self._channel.receive()
            if kind is not Kind.ROWS:
                raise ChannelGarbage(f"a {kind.name} frame is not an input")
            self._ended = not self._left
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


class _Sink:
    """What the functions give, sent in pieces, without Spark's mark before it."""

    closed = False

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._held = bytearray()
        self._skip = _START

    def write(self, data: Any) -> int:
        data = memoryview(data).cast("B")
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        self._held += data[skipped:]
        if len(self._held) >= _CHUNK:
            self.flush_all()
        return len(data)

    def flush(self) -> None:
        """Nothing: pieces are sent when they are large, and at the end."""

    def flush_all(self) -> None:
        """Send what is held."""
        for start in range(0, len(self._held), _CHUNK):
            self._channel.send(Kind.OUTPUT, bytes(self._held[start : start + _CHUNK]))
        self._held.clear()
