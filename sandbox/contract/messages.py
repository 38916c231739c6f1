"""The JSON messages of the channel, as frozen dataclasses, and their strict decoding.

`decode` builds a message only from exactly its fields with exactly their types; anything else raises
`ChannelGarbage`. No number but an integer travels as a JSON number, so NaN and infinity cannot.
"""

from __future__ import annotations

import functools
import json
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final, Literal, TypeVar

from sandbox.contract.framing import ChannelGarbage
from sandbox.contract.signature import NOTHING_DECLARED, Argument, Signature

# Whose DataFrame a metric gets.
Frames = Literal["pyspark", "snowpark"]
Severity = Literal["error", "warning"]

# The condition of a request that failed because a function of the author raised: the worker knows what.
FUNCTION_RAISED: Final = "CALCMETRIC_FUNCTION_RAISED"
# What a column of integers holds; a longer one would fail in whatever shows the results of a whole run.
_INTEGER_BITS = 63


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong with a source, found before it runs.

    Attributes:
        line: 1-based line in the author's source.
        column: 1-based column, in characters.
        code: a documented, stable code such as "import-refused".
        message: what is wrong, in the author's words.
        hint: what to do instead; may be empty.
        severity: only errors refuse a source.
    """

    line: int
    column: int
    code: str
    message: str
    hint: str = ""
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class Start:
    """Engine to worker, once: what to compile.

    Attributes:
        source: the author's bytes, as latin-1 text (a source may not be UTF-8; that is a problem to report).
        source_bytes: the most that a source may have.
        extra_imports: module names that this site allows beside the built-in list.
        restricted: False switches the language layer off; for tests of the other layers only.
        frames: whose frames calc_metric will get; None if the source is only compiled, and nobody knows.
    """

    source: str
    source_bytes: int
    extra_imports: tuple[str, ...] = ()
    restricted: bool = True
    frames: Frames | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """Worker to engine, once: what compiling gave.

    Attributes:
        problems: every problem of the source. Errors mean that nothing will run.
        signature: what calc_metric declares.
    """

    problems: tuple[Problem, ...]
    signature: Signature = NOTHING_DECLARED


@dataclass(frozen=True, slots=True)
class Call:
    """Engine to worker: run calc_metric on the frame now bound to the placeholder.

    Attributes:
        frame: index of the frame in its run.
        seed: seed of every random generator, from (source, frame); 0 <= seed < 2**32.
        now: the run's `as_of`, in ISO 8601 and UTC; "" if it has none, and the metric no clock.
        arguments: the parameters of calc_metric that were set.
        baseline: whether it is called with a second frame.
    """

    frame: int
    seed: int
    now: str = ""
    arguments: tuple[Argument, ...] = ()
    baseline: bool = False


# Conditions of our own, beside those of the data engines: of what the engine refuses, and of a failure that
# is not the author's to mend.
REFUSED: Final = "CALCMETRIC_REFUSED"
BACKEND_FAILED: Final = "CALCMETRIC_BACKEND"


@dataclass(frozen=True, slots=True)
class ReplyError:
    """Engine to worker: the request in flight failed, in words made by the engine.

    Attributes:
        condition: Spark's error condition, such as "UNRESOLVED_COLUMN.WITH_SUGGESTION", or one of ours
            (`REFUSED`, `BACKEND_FAILED`); a limit has none, since it ends the worker.
        exception: which PySpark exception to raise, as the server names it
            (such as "org.apache.spark.sql.AnalysisException").
        sql_state: five characters, may be empty.
        message: what the guest reads.
    """

    condition: str
    exception: str
    sql_state: str
    message: str


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A column of the answer to a Snowpark query.

    Attributes:
        name: as it is in the answer.
        type: Snowflake's name of its type, such as "FIXED", "REAL", "TEXT", "TIMESTAMP_NTZ".
        precision: decimal digits of a FIXED; else 0.
        scale: those after the point; of a time those of a second.
    """

    name: str
    type: str
    precision: int = 0
    scale: int = 0


@dataclass(frozen=True, slots=True)
class Described:
    """Engine to worker: the columns of the answer to a Snowpark query."""

    columns: tuple[ColumnType, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """A function of the author that is to be applied to columns.

    Attributes:
        tokens: what the worker called it; several are applied to one another, the first one to the columns.
        columns: the places of its arguments among the columns of the rows.
        keywords: by which they are given, one for each, "" for one by position; none at all if all are.
    """

    tokens: tuple[int, ...]
    columns: tuple[int, ...]
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Engine to worker, while a request is in flight: apply functions to rows that follow when asked for.

    Attributes:
        kind: PySpark's number of how they are applied (`PythonEvalType`).
        functions: each gives one column.
        input_type: the columns of the rows, as PySpark writes a struct in JSON.
    """

    kind: int
    functions: tuple[Applied, ...]
    input_type: str


@dataclass(frozen=True, slots=True)
class Returned:
    """What calc_metric returned, as primitive data; the engine's validator decides what it means.

    Attributes:
        type: the Python type's name as the author knows it, such as "float", "numpy.int64", "NoneType".
        kind: "int" and "float" carry `text`; "decimal" and "fraction" too; "other" is not a number.
        text: for numbers an exact text (int: decimal digits; float: float.hex or nan/inf/-inf;
            decimal: str; fraction: "n/d"); else a short description, such as a shape.
    """

    type: str
    kind: Literal["int", "float", "decimal", "fraction", "none", "bool", "other"]
    text: str


@dataclass(frozen=True, slots=True)
class NamedValue:
    """One of several values that calc_metric returned; a long name is cut one character beyond its limit."""

    name: str
    returned: Returned


@dataclass(frozen=True, slots=True)
class Named:
    """Several values that calc_metric returned by name, as it declares; the validator decides what they mean.

    Attributes:
        type: the Python type's name, such as "dict".
        count: how many there are.
        values: they, in their order; empty if there are more than allowed, or if a name is no text.
        wrong: the type of the first name that is no text, "" if all are.
    """

    type: str
    count: int
    values: tuple[NamedValue, ...]
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception that left calc_metric.

    Attributes:
        type: the class's name.
        message: str() of it, cut.
        line: 1-based line of the author's source, 0 if none is known.
        source: that line's text, stripped.
        condition: Spark's error condition or one of ours when it came from a query, else "".
        memory: whether it is a MemoryError.
        refusal: the problem, if the language layer's runtime guards refused something, else None.
    """

    type: str
    message: str
    line: int
    source: str
    condition: str = ""
    memory: bool = False
    refusal: Problem | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Worker to engine: what one call did; exactly one of `returned`, `raised` and `named` is set."""

    frame: int
    returned: Returned | None
    raised: Raised | None
    named: Named | None = None


Message = TypeVar("Message")


def encode(message: Any) -> bytes:
    """Encode a message of this module as JSON."""
    return _ENCODER.encode(message).encode()


def decode(kind: type[Message], payload: bytes | memoryview) -> Message:
    """Decode hostile bytes as a message of the given kind.

    Raises:
        ChannelGarbage: for anything but exactly such a message.
    """
    try:
        data = _DECODER.decode(str(payload, "utf-8"))
    except (ValueError, RecursionError) as error:
        raise ChannelGarbage(f"not JSON: {type(error).__name__}") from None
    any_kind: Any = kind  # typeshed thinks that classes of a variable type cannot be hashed
    return typing.cast(Message, _builder(any_kind)(data))


def _by_name(message: Any) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__dataclass_fields__}


def _refuse(text: str) -> Any:
    raise ValueError(f"number {text!r} may not travel")


# Made once: json.dumps and json.loads would make theirs anew for each message.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=_by_name)
_DECODER: Final = json.JSONDecoder(parse_constant=_refuse, parse_float=_refuse)

Builder = Callable[[Any], Any]


@functools.cache
def _builder(kind: Any) -> Builder:
    """What builds a value of type `kind` from JSON data, strictly."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if is_dataclass(kind):
        return _dataclass_builder(kind)
    if origin is tuple:
        item = _builder(arguments[0])
        return lambda data: tuple(map(item, _checked(kind, data, isinstance(data, list))))
    if origin is Literal:
        return lambda data: _checked(kind, data, isinstance(data, str) and data in arguments)
    if origin in (types.UnionType, typing.Union):
        some = _builder(arguments[0])
        return lambda data: None if data is None else some(data)
    if kind is int:
        return lambda data: _checked(kind, data, type(data) is int and data.bit_length() <= _INTEGER_BITS)
    return lambda data: _checked(kind, data, type(data) is kind)


def _checked(kind: Any, data: Any, fits: bool) -> Any:
    if not fits:
        raise ChannelGarbage(f"expected {kind}, got {type(data).__name__}")
    return data


def _dataclass_builder(kind: Any) -> Builder:
    hints = typing.get_type_hints(kind)
    builders = {field.name: _builder(hints[field.name]) for field in fields(kind)}

    def build(data: Any) -> Any:
        if not isinstance(data, dict) or data.keys() != builders.keys():
            raise ChannelGarbage(f"not a {kind.__name__} message")
        return kind(**{name: builder(data[name]) for name, builder in builders.items()})

    return build
