"""Functions of the author that columns are made with (`F.udf`): kept in the worker, and run nowhere else.

PySpark's client would pickle a function into the plan. Here the plan carries a token, and the engine asks
the worker that made it to apply the function (`sandbox.client.evaluate`). What a pickle means is kept: a
function works on what it has captured as that was when the question was asked, and what it changes of it is
seen by nobody else.
"""

from __future__ import annotations

import copy
import functools
import types
from collections.abc import Callable, Iterable
from typing import Any, Final

import pyspark.sql.connect.proto as pb
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql.connect.expressions import PythonUDF
from pyspark.sql.connect.group import GroupedData, PandasCogroupedOps
from pyspark.sql.connect.types import UnparsedDataType, pyspark_types_to_proto_types
from pyspark.sql.types import DataType

from sandbox.client.digests import digest, names_in
from sandbox.contract.settings import FUNCTION_TOKEN
from sandbox.language import FILENAME, GuardRefused

_INSTEAD: Final = "collect the number or table that it needs beforehand, and use that in the function"


class Functions:
    """What the current call of calc_metric has asked with."""

    def __init__(self) -> None:
        self._kept: list[tuple[Callable[..., Any], DataType]] = []

    def forget(self) -> None:
        """Begin another call."""
        self._kept.clear()

    def keep(self, function: Callable[..., Any], output_type: DataType) -> bytes:
        """Keep a function as it is now; return its token, with its digest.

        Raises:
            GuardRefused: it has captured something that cannot be copied.
        """
        self._kept.append((_Snapshot().of(function), output_type))
        return b"%b-%b" % (FUNCTION_TOKEN % (len(self._kept) - 1), digest(function).encode())

    def get(self, token: int) -> tuple[Callable[..., Any], DataType]:
        """A function of a token, as it was when it was kept, and the type that it declares."""
        function, output_type = self._kept[token]
        return _Snapshot().of(function), output_type

    def made(self, tokens: Iterable[int]) -> list[Callable[..., Any]]:
        """The functions of tokens, as they were kept, but for tokens of none: to look at, not to call."""
        return [self._kept[token][0] for token in tokens if token < len(self._kept)]


FUNCTIONS: Final = Functions()


def install_functions() -> None:
    """Have PySpark's client send tokens. Called once, in the zygote."""
    PythonUDF.to_plan = _to_plan  # type: ignore[method-assign]


def _to_plan(self: PythonUDF, session: Any) -> pb.PythonUDF:
    """As PySpark's own, but for the command."""
    output_type = self._output_type
    if isinstance(output_type, UnparsedDataType):
        output_type = session._analyze(method="ddl_parse", ddl_string=output_type.data_type_string).parsed
    message = pb.PythonUDF(eval_type=self._eval_type, python_ver=self._python_ver)
    message.output_type.CopyFrom(pyspark_types_to_proto_types(output_type))
    message.command = FUNCTIONS.keep(self._func, output_type)
    return message


def describe_function(function: Callable[..., Any]) -> str:
    """A function in a message, with the line in which it begins: "half of line 9"."""
    line, made = first_line(function), _plain(function)
    name = made.__name__ if isinstance(made, types.FunctionType) else type(function).__name__
    return f"{name} of line {line}" if line else name


def first_line(function: Callable[..., Any]) -> int:
    """The line of the author's code in which a function begins; 0 if it is none of theirs."""
    made = _plain(function)
    own = isinstance(made, types.FunctionType) and made.__code__.co_filename == FILENAME
    return made.__code__.co_firstlineno if own else 0


def _plain(function: Any) -> Any:
    """What is called in the end: below what fills in arguments, of a method, of an object that is called."""
    while isinstance(function, functools.partial):
        function = function.func
    if not isinstance(function, types.FunctionType | types.MethodType | types.BuiltinFunctionType):
        function = type(function).__call__
    return function.__func__ if isinstance(function, types.MethodType) else function


# What does not change, or is the same wherever it is used.
_SHARED: Final = (
    type(None), bool, int, float, complex, str, bytes, type, types.ModuleType, types.BuiltinFunctionType,
)  # fmt: skip
_REMOTE: Final = (DataFrame, Column, SparkSession, GroupedData, PandasCogroupedOps)


class _Snapshot:
    """Copies functions of the author with all that they have captured, each thing once."""

    def __init__(self) -> None:
        self._memo: dict[int, Any] = {}
        self._functions: dict[int, types.FunctionType] = {}
        self._globals: dict[int, dict[str, Any]] = {}

    def of(self, value: Any) -> Any:
        """A copy, or the thing itself where nobody could tell them apart."""
        if isinstance(value, types.FunctionType):
            return self._function(value) if value.__code__.co_filename == FILENAME else value
        if isinstance(value, functools.partial):
            keywords = {name: self.of(one) for name, one in value.keywords.items()}
            return functools.partial(self.of(value.func), *map(self.of, value.args), **keywords)
        if isinstance(value, types.MethodType):
            return types.MethodType(self.of(value.__func__), self.of(value.__self__))
        if isinstance(value, _SHARED):
            return value
        if isinstance(value, _REMOTE):
            raise _uncopied(type(value).__name__, "a function works on the values of its rows")
        try:
            return copy.deepcopy(value, self._memo)
        except Exception as error:
            raise _uncopied(type(value).__name__, f"{type(error).__name__}: {error}") from None

    def _function(self, function: types.FunctionType) -> types.FunctionType:
        known = self._functions.get(id(function))
        if known is not None:
            return known
        cells = tuple(types.CellType() for _ in function.__closure__ or ())
        names = self._globals.setdefault(id(function.__globals__), dict(function.__globals__))
        made = types.FunctionType(function.__code__, names, function.__name__, None, cells or None)
        self._functions[id(function)] = made  # before what it uses, which may be itself
        self._copy_globals(function, names)
        made.__defaults__ = self._each(function.__defaults__)
        made.__kwdefaults__ = function.__kwdefaults__ and {
            name: self.of(one) for name, one in function.__kwdefaults__.items()
        }
        made.__annotations__ = function.__annotations__
        for cell, given in zip(cells, function.__closure__ or (), strict=True):
            try:
                cell.cell_contents = self.of(given.cell_contents)
            except ValueError:  # nothing is bound to it yet
                continue
        return made

    def _each(self, values: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        return None if values is None else tuple(map(self.of, values))

    def _copy_globals(self, function: types.FunctionType, made: dict[str, Any]) -> None:
        """Put copies of the global names that a function can use in place of those names."""
        given = function.__globals__
        for name in sorted(names_in(function.__code__)):
            if name in given and made[name] is given[name]:
                made[name] = self.of(given[name])


def _uncopied(kind: str, why: str) -> GuardRefused:
    return GuardRefused(
        "udf-refused",
        f"a function uses a {kind} of the metric's, which cannot be sent with it: {why}",
        _INSTEAD,
    )
