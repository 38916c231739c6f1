"""What tells two functions of the author apart: their code, and all that they use, if that cannot change.

Calls of calc_metric on other frames make functions anew. One that has the same digest gives the same for the
same rows, so it need be applied to them only once. What is not surely so has no digest: a function that keeps
or changes anything from row to row, or that uses what can be changed.
"""

from __future__ import annotations

import datetime
import decimal
import dis
import functools
import hashlib
import types
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np

from sandbox.contract.settings import CAPTURES, RANDOM, WRITES
from sandbox.language import FILENAME

# Libraries whose functions keep nothing from one call to the next.
_LIBRARIES: Final = frozenset(
    {"math", "cmath", "numpy", "pandas", "pyarrow", "scipy", "statsmodels", "datetime", "re", "string"}
    | {"json", "statistics", "fractions", "operator", "itertools", "functools", "typing", "unicodedata"}
    | {"base64", "hashlib", "bisect", "collections", "builtins"}
)
# Names by which a function draws random numbers, or sets what is kept for the whole process.
_DRAWS: Final = frozenset(
    {"random", "sample", "rvs", "default_rng", "resample", "bootstrap", "permutation_test", "seed"}
    | {"monte_carlo_test", "random_state", "rng"}
)
_SETS: Final = frozenset(
    {"seterr", "seterrcall", "setbufsize", "set_option", "options", "reset_option", "set_printoptions"}
    | {"setattr", "delattr", "globals", "vars", "locals", "_write_"}
)
_WRITES: Final = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL", "STORE_ATTR", "DELETE_ATTR"})
_DEREF: Final = frozenset({"STORE_DEREF", "DELETE_DEREF"})
# What the rewritten code of a metric asks with; see `sandbox.language.load`.
_GUARDS: Final = frozenset({"_check_", "_open_", "_type_", "_getspecial_", "_type_name_"})
_PLAIN: Final = (
    type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented), decimal.Decimal,
    datetime.date, datetime.datetime, datetime.time, datetime.timedelta,
)  # fmt: skip


class _NoDigest(Exception):
    """There is none; the text is the word for why."""


def digest(function: Callable[..., Any]) -> str:
    """The digest, or one of the words for why there is none."""
    try:
        parts = hashlib.sha256()
        for part in _Walk().of(function):
            parts.update(len(part).to_bytes(8, "big") + part)
    except (_NoDigest, RecursionError) as no:
        return str(no) if isinstance(no, _NoDigest) else CAPTURES
    return parts.hexdigest()[:32]


class _Walk:
    """Goes through a function and what it uses, each thing once."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}

    def of(self, value: Any) -> Iterable[bytes]:
        """All that tells a value apart from others."""
        kind = type(value)
        if kind in _PLAIN:
            yield f"{kind.__qualname__} {value!r}".encode("utf-8", "surrogatepass")
        elif kind in (tuple, frozenset):
            members = [list(self.of(one)) for one in value]
            yield f"{kind.__qualname__} {len(members)}".encode()
            for member in members if kind is tuple else sorted(members):
                yield from member
        elif isinstance(value, np.generic) and kind.__module__ == "numpy" and not value.dtype.hasobject:
            yield f"numpy {value.dtype.str}".encode()
            yield value.tobytes()
        elif kind is types.FunctionType and value.__code__.co_filename == FILENAME:
            yield from self._function(value)
        elif kind is functools.partial:
            yield b"partial"
            for one in (value.func, value.args, *(tuple(pair) for pair in sorted(value.keywords.items()))):
                yield from self.of(one)
        else:
            yield _name_of(value)

    def _function(self, function: types.FunctionType) -> Iterable[bytes]:
        known = self._known.get(id(function))
        if known is not None:
            yield f"function {known}".encode()
            return
        self._known[id(function)] = len(self._known)
        yield from self._code(function.__code__)
        yield from self.of(function.__defaults__)
        yield from self.of(tuple(sorted((function.__kwdefaults__ or {}).items())))
        if function.__dict__:
            raise _NoDigest(CAPTURES)
        for cell in function.__closure__ or ():
            try:
                contents = cell.cell_contents
            except ValueError:  # nothing is bound to it yet, and may be later
                raise _NoDigest(CAPTURES) from None
            yield from self.of(contents)
        for name in sorted(names_in(function.__code__)):
            if name in function.__globals__ and name not in _GUARDS:
                yield name.encode()
                yield from self.of(function.__globals__[name])

    def _code(self, code: types.CodeType) -> Iterable[bytes]:
        for instruction in dis.get_instructions(code):
            name = instruction.opname
            if name in _WRITES or (name in _DEREF and instruction.argval in code.co_freevars):
                raise _NoDigest(WRITES)
        if not _DRAWS.isdisjoint(code.co_names):
            raise _NoDigest(RANDOM)
        if not _SETS.isdisjoint(code.co_names):
            raise _NoDigest(WRITES)
        yield code.co_code
        counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        yield repr((counts, names)).encode()
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                yield from self._code(constant)
            else:
                yield from self.of(constant)
        yield getattr(code, "co_exceptiontable", b"")


def names_in(code: types.CodeType) -> set[str]:
    """The global names that code may use, and what is defined inside of it."""
    inner = (one for one in code.co_consts if isinstance(one, types.CodeType))
    return set(code.co_names).union(*map(names_in, inner))


def _name_of(value: Any) -> bytes:
    """The name of a part of a library, by which it is the same in every worker."""
    if type(value) is types.ModuleType:
        module, name = value.__name__, ""
    elif isinstance(value, types.BuiltinFunctionType | types.FunctionType | np.ufunc) or type(value) is type:
        holder = getattr(value, "__self__", None)
        if holder is not None and type(holder) is not types.ModuleType:
            raise _NoDigest(CAPTURES)
        module = getattr(value, "__module__", None) or ("numpy" if isinstance(value, np.ufunc) else "")
        name = getattr(value, "__qualname__", None) or value.__name__
    else:
        raise _NoDigest(CAPTURES)
    root = module.partition(".")[0].lstrip("_")
    if root not in _LIBRARIES or "<locals>" in name:
        raise _NoDigest(CAPTURES)
    if not _DRAWS.isdisjoint(module.split(".")) or name in _DRAWS:
        raise _NoDigest(RANDOM)
    return f"library {module} {name}".encode()
