"""Untrusted side. The builtins of a metric: what computes, plus guarded forms of what reaches further.

Made anew for each frame. Not offered, with a reason for the author: see `REFUSED`.
"""

from __future__ import annotations

import builtins
import importlib
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from sandbox.language.guards import Guards

# Types, functions and constants that only compute on their arguments.
_PLAIN: Final = [
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "bool",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "complex",
    "dict",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "format",
    "frozenset",
    "hash",
    "hex",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "object",
    "oct",
    "ord",
    "pow",
    "property",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "zip",
    "None",
    "True",
    "False",
    "Ellipsis",
    "NotImplemented",
]

# Exceptions, to raise and to catch. SystemExit and KeyboardInterrupt end programs, not metrics; exception
# groups come with except*, which is refused.
EXCEPTIONS: Final = tuple(
    name
    for name, value in sorted(vars(builtins).items())
    if isinstance(value, type)
    and issubclass(value, BaseException)
    and name not in {"SystemExit", "KeyboardInterrupt", "BaseExceptionGroup", "ExceptionGroup"}
)

_NO_FILES: Final = "metrics read and write no files; the data comes as df"
_NO_TEXT_CODE: Final = "write the code itself; text is not run"
_NO_SCOPES: Final = "use a dict of your own"
REFUSED: Final = {
    "open": _NO_FILES,
    "exec": _NO_TEXT_CODE,
    "eval": _NO_TEXT_CODE,
    "compile": _NO_TEXT_CODE,
    "globals": _NO_SCOPES,
    "locals": _NO_SCOPES,
    "vars": _NO_SCOPES,
    "dir": "use hasattr(x, name)",
    "input": "there is nobody to answer",
    "help": "there is nobody to read it",
    "breakpoint": "there is no debugger; use print",
    "id": "memory addresses differ from run to run; compare with `is`",
    "memoryview": "use np.frombuffer or bytes",
    "exit": "return a number, or raise ValueError",
    "quit": "return a number, or raise ValueError",
    "SystemExit": "return a number, or raise ValueError",
    "KeyboardInterrupt": "return a number, or raise ValueError",
    "ExceptionGroup": "raise one exception",
    "BaseExceptionGroup": "raise one exception",
    "aiter": "async code is not available",
    "anext": "async code is not available",
}

# What a metric's class may inherit from, beside the metric's other classes and exceptions.
BASES: Final[frozenset[type]] = frozenset(
    {object, bool, bytes, complex, dict, float, frozenset, int, list, set, str, tuple}
) | frozenset(getattr(builtins, name) for name in EXCEPTIONS)

_UNGUARDED: Final = {name: getattr(builtins, name) for name in (*_PLAIN, *EXCEPTIONS)}


def make_builtins(guards: Guards, sink: Callable[[str], None]) -> dict[str, Any]:
    """The builtins of one frame. `sink` gets what the metric prints."""
    return {
        **_UNGUARDED,
        "__build_class__": _make_build_class(guards),
        "__import__": _import_for_libraries,
        "getattr": _make_getattr(guards),
        "hasattr": lambda obj, name: guards.has_attribute(obj, name),
        "setattr": lambda obj, name, value: setattr(guards.write(obj, name), name, value),
        "delattr": lambda obj, name: delattr(guards.write(obj, name), name),
        "type": _make_type(guards),
        "print": _make_print(guards.refuse, sink),
    }


def _import_for_libraries(name: str, *_: Any) -> None:
    """Import for C code that a metric calls, which looks the function up in the metric's builtins.

    Such code takes the module from sys.modules and ignores the result (PyImport_Import), so nothing is
    returned: were a metric to reach this function, it would get nothing from it.
    """
    importlib.import_module(name)


def _make_getattr(guards: Guards) -> Callable[..., Any]:
    def guarded_getattr(obj: Any, name: str, *default: Any) -> Any:
        if len(default) > 1:
            raise TypeError(f"getattr expected at most 3 arguments, got {len(default) + 2}")
        try:
            return guards.read(obj, name)
        except AttributeError:
            if default:
                return default[0]
            raise

    return guarded_getattr


def _make_print(
    refuse: Callable[[str, str, str], NoReturn], sink: Callable[[str], None]
) -> Callable[..., None]:
    def captured_print(
        *values: Any, sep: str | None = None, end: str | None = None, file: Any = None, **_: bool
    ) -> None:
        if file is not None:
            refuse(
                "call-refused",
                "print(file=...) writes elsewhere",
                "leave file out; what is printed is returned",
            )
        sink((" " if sep is None else sep).join(map(str, values)) + ("\n" if end is None else end))

    return captured_print


def _make_type(guards: Guards) -> type:
    """`type` for one argument; still good for isinstance(x, type) and annotations."""

    class Meta(type):
        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            if len(args) != 1 or kwargs:
                guards.refuse(
                    "call-refused", "type() with three arguments makes a class", "use a class statement"
                )
            kind = type(args[0])
            guards.check_not_sealed(kind)
            return cls if issubclass(kind, type) else kind

        def __instancecheck__(cls, obj: Any) -> bool:
            return isinstance(obj, type)

        def __eq__(cls, other: object) -> bool:
            return other is cls or other is type

        def __hash__(cls) -> int:
            return hash(type)

    return Meta("type", (), {})


def _is_total(bases: tuple[Any, ...], keywords: dict[str, Any]) -> bool:
    """Whether a class is a TypedDict, and says whether all its keys have to be there."""
    kinds = bool(bases) and all(base is typing.TypedDict or typing.is_typeddict(base) for base in bases)
    return kinds and keywords.keys() == {"total"} and isinstance(keywords["total"], bool)


def _make_build_class(guards: Guards) -> Callable[..., type]:
    """`class` statements: only known bases, no metaclass; the new class is the metric's own."""

    def build_class(body: Any, name: str, *bases: Any, **keywords: Any) -> type:
        for base in bases:
            if not guards.is_base(base):
                hint = "keep it in an attribute of a plain class instead"
                guards.refuse("class-refused", f"class {name} may not inherit from {base!r}", hint)
        if keywords and not _is_total(bases, keywords):
            guards.refuse("class-refused", f"class {name} has keywords in its header", "leave them out")
        # Which asks what stands for a type.
        made: type = builtins.__build_class__(body, name, *bases, **keywords)
        guards.add_own_type(made)
        return made

    return build_class
