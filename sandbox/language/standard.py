"""Untrusted side. The standard library's modules that a site may open, and the guarded forms of their names.

Guarded is what would reach attributes past the guards (`operator.attrgetter`), change classes and functions
that are not the metric's own (`functools.wraps`, `total_ordering`), make classes that nobody counts as its
own (`namedtuple`, `dataclass`), or depend on the time or on entropy (`time.gmtime()`, `random.seed()`).
"""

from __future__ import annotations

import abc
import collections
import dataclasses
import enum
import functools
import math
import random
import time
import types
import typing
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from sandbox.language.clock import CLOCK, HINT
from sandbox.language.tables.for_standard import MODULES

if TYPE_CHECKING:
    from sandbox.language.guards import Guards

# Names that stand for several modules in `extra_imports`.
PRESETS: Final[dict[str, tuple[str, ...]]] = {"standard": tuple(MODULES)}

# What a metric's class may inherit from where the base's module is open, by module.
_BASES: Final[dict[str, tuple[Any, ...]]] = {
    "abc": (abc.ABC,),
    "collections": (
        collections.ChainMap,
        collections.Counter,
        collections.OrderedDict,
        collections.UserDict,
        collections.UserList,
        collections.UserString,
        collections.defaultdict,
        collections.deque,
    ),
    "enum": (enum.Enum, enum.Flag, enum.IntEnum, enum.IntFlag, enum.StrEnum),
    "typing": (typing.Generic, typing.NamedTuple, typing.Protocol, typing.TypedDict),
}

# How many arguments say which time is meant; without them it is the run's.
_TIME_GIVEN: Final = {"asctime": 1, "ctime": 1, "gmtime": 1, "localtime": 1, "strftime": 2}
_NANOSECONDS: Final = 1_000_000_000


def expand(extra: Iterable[str]) -> tuple[str, ...]:
    """The modules that a site opens, with presets and the modules below them written out, each once."""
    names = [name for one in extra for name in PRESETS.get(one, (one,))]
    below = [real for name in names if name in MODULES for real in MODULES[name].modules.values()]
    return tuple(dict.fromkeys((*names, *below)))


def bases_of(extra: tuple[str, ...]) -> tuple[Any, ...]:
    """What classes may inherit from beside the builtin types, where these modules are open."""
    return tuple(base for module, bases in _BASES.items() if module in extra for base in bases)


def guard_name(guards: Guards, name: str, value: Any) -> Any:
    """The guarded form of a name that its module's rule calls guarded."""
    match name:
        case "namedtuple" | "dataclass":
            make = _make_namedtuple if name == "namedtuple" else _make_dataclass
            return make(guards)
        case "total_ordering":
            return _own_class_only(guards, value)
        case "abstractmethod":
            return _own_function_only(guards, value)
        case "wraps":
            return lambda wrapped: _own_function_only(guards, functools.wraps(wrapped))
        case "attrgetter":
            return lambda *paths: _attrgetter(guards, paths)
        case "methodcaller":
            return lambda name, /, *args, **kwargs: lambda obj: guards.read(obj, name)(*args, **kwargs)
        case "Random":
            return SeededRandom
        case "seed":
            return _seeded(guards, value)
    return _timed(guards, name, value)


class SeededRandom(random.Random):
    """`random.Random`, which takes its seed from the frame's generator if it is given none."""

    def __init__(self, x: Any = None) -> None:
        super().__init__(_draw() if x is None else x)

    def seed(self, a: Any = None, version: int = 2) -> None:
        """As `Random.seed`, but for entropy of the machine's."""
        super().seed(_draw() if a is None else a, version)


def _draw() -> float:
    """From the generator that is seeded for each frame."""
    return random.random()  # noqa: S311 - reproducible on purpose


SeededRandom.__module__, SeededRandom.__qualname__ = "random", "Random"


def _make_namedtuple(guards: Guards) -> Callable[..., type]:
    make: Any = collections.namedtuple  # whose checkers want to see literals

    def namedtuple(typename: str, field_names: Any, *, rename: bool = False, defaults: Any = None) -> type:
        made: type = make(typename, field_names, rename=rename, defaults=defaults)
        guards.add_own_type(made)
        return made

    return namedtuple


def _make_dataclass(guards: Guards) -> Callable[..., Any]:
    def dataclass(cls: Any = None, /, **options: Any) -> Any:
        def decorate(kind: Any) -> Any:
            _check_own_class(guards, kind)
            made: Any = dataclasses.dataclass(**options)(kind)
            guards.add_own_type(made)  # with slots it is another class
            return made

        return decorate if cls is None else decorate(cls)

    return dataclass


def _own_class_only(guards: Guards, decorate: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate_own(kind: Any) -> Any:
        _check_own_class(guards, kind)
        return decorate(kind)

    return decorate_own


def _check_own_class(guards: Guards, kind: Any) -> None:
    if kind not in guards.own_types:
        guards.refuse(
            "write-refused", "only a class that the metric defines can be decorated", "write a class"
        )


def _own_function_only(guards: Guards, decorate: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate_own(function: Any) -> Any:
        inner = function
        while isinstance(inner, classmethod | staticmethod):
            inner = inner.__func__
        if isinstance(inner, property):
            inner = inner.fget
        if type(inner) is not types.FunctionType or not guards.is_own_function(inner):
            hint = "decorate a function that is defined in the metric"
            guards.refuse("write-refused", "only a function that the metric defines can be decorated", hint)
        return decorate(function)

    return decorate_own


def _attrgetter(guards: Guards, paths: tuple[Any, ...]) -> Callable[[Any], Any]:
    if not paths:
        raise TypeError("attrgetter expected 1 argument, got 0")
    if not all(type(path) is str for path in paths):
        raise TypeError("attribute name must be a string")

    def follow(obj: Any, path: str) -> Any:
        return functools.reduce(guards.read, path.split("."), obj)

    if len(paths) == 1:
        return lambda obj: follow(obj, paths[0])
    return lambda obj: tuple(follow(obj, path) for path in paths)


def _seeded(guards: Guards, seed: Callable[..., None]) -> Callable[..., None]:
    def seed_with(a: Any = None, version: int = 2) -> None:
        if a is None:
            hint = "pass a number; without a call the generator is already seeded for each frame"
            guards.refuse("call-refused", "random.seed() without a seed takes one from the machine", hint)
        seed(a, version)

    return seed_with


def _timed(guards: Guards, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """What tells the time, or converts one that is given: without one it is the run's `as_of`."""
    given = _TIME_GIVEN.get(name, 0)

    def convert(*args: Any) -> Any:
        if len(args) > given or (given and len(args) == given and args[-1] is not None):
            return call(*args)  # or an error, as ever
        now = CLOCK.now
        if now is None:
            guards.refuse("call-refused", f"time.{name}() reads the machine's clock", HINT)
        seconds = now.timestamp()
        match name:
            case "time":
                return seconds
            case "time_ns":
                return math.floor(seconds) * _NANOSECONDS + now.microsecond * 1_000
            case "asctime" | "strftime":
                return call(*args[: given - 1], time.gmtime(seconds))  # what is to be formatted comes first
        return call(seconds)

    return convert
