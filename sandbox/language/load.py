"""Untrusted side. Runs a compiled source in a fresh namespace and hands out its calc_metric.

One namespace, one set of guards and builtins per frame: nothing that a metric leaves behind in one frame
can change its number in another.
"""

from __future__ import annotations

import builtins
import decimal
import inspect
import sys
import types
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from sandbox.contract.signature import Value
from sandbox.language.builtins import make_builtins
from sandbox.language.guards import Guards
from sandbox.language.pandas_text import renew_display
from sandbox.language.problems import GuardRefused
from sandbox.language.program import FILENAME, Program

Metric = Callable[..., Any]


class _FrameState:
    """What the standard library keeps for the whole process, and a metric may change: anew for each frame."""

    def __init__(self) -> None:
        self._warnings: warnings.catch_warnings[None] | None = None

    def renew(self) -> None:
        """Forget what the frame before has set."""
        if self._warnings is not None:
            self._warnings.__exit__(None, None, None)
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        decimal.setcontext(decimal.Context())
        renew_display()
        # Where dataclasses look for what the annotations of a class may mean.
        sys.modules.setdefault(FILENAME, types.ModuleType(FILENAME))


_FRAME_STATE: Final = _FrameState()


def load(
    program: Program,
    *,
    sink: Callable[[str], None],
    arguments: Mapping[str, Value] = MappingProxyType({}),
    frames: int = 1,
) -> Metric:
    """Execute the module and return its calc_metric.

    Args:
        program: a program without errors.
        sink: gets what the metric prints, as it prints it.
        arguments: the parameters that were set.
        frames: how many frames it is called with.

    Returns:
        The function to call with them. If a guard refused something during the call, that refusal is
        raised even if the metric swallowed it.

    Raises:
        GuardRefused: a guard refused something, or calc_metric turned out not to be a fitting function.
        BaseException: whatever the module's own code raised.
    """
    if program.code is None:
        raise ValueError("a program with errors cannot be loaded")
    namespace: dict[str, Any] = {"__name__": FILENAME}
    _FRAME_STATE.renew()
    if not program.restricted:
        return _load_unrestricted(program.code, namespace, sink, arguments, frames)
    guards = Guards(namespace, program.extra_imports)
    namespace.update(
        __builtins__=make_builtins(guards, sink),
        _check_=guards.make_check(),
        _open_=guards.open_types,
        _type_=type,
        _getspecial_=guards.read_special,
        _type_name_=_type_name,
        _write_=guards.write,
        _import_=guards.import_module,
        _import_name_=guards.import_name,
        _import_star_=guards.import_star,
    )
    exec(program.code, namespace)  # noqa: S102 - the one place that runs a metric's module
    _raise_refusal(guards)
    metric = _find_metric(namespace, arguments, frames)

    def call_metric(*given: Any) -> Any:
        try:
            return metric(*given, **arguments)
        finally:
            _raise_refusal(guards)

    return call_metric


def _type_name(obj: object) -> str:
    """`type(x).__name__`."""
    return type(obj).__name__


def _raise_refusal(guards: Guards) -> None:
    """Raise a refusal that the metric swallowed, or that another exception has covered."""
    if guards.refusal is not None:
        raise guards.refusal from None


def _find_metric(
    namespace: dict[str, Any], arguments: Mapping[str, Value], frames: int
) -> Callable[..., Any]:
    metric = namespace.get("calc_metric")
    if metric is None:
        raise GuardRefused("metric-missing", "calc_metric is not defined", "define `def calc_metric(df):`")
    if not isinstance(metric, types.FunctionType):
        kind = type(metric).__name__
        raise GuardRefused("metric-not-function", f"calc_metric is a {kind}", "define `def calc_metric(df):`")
    try:
        inspect.signature(metric).bind(*(None,) * frames, **arguments)
    except TypeError as error:
        hint = "it is called with the frame, and with the parameters that are set: `def calc_metric(df):`"
        raise GuardRefused("metric-parameters", f"calc_metric cannot be called: {error}", hint) from None
    return metric


def _load_unrestricted(
    code: types.CodeType,
    namespace: dict[str, Any],
    sink: Callable[[str], None],
    arguments: Mapping[str, Value],
    frames: int,
) -> Metric:
    """Plain builtins, `print` captured; for tests of the other layers."""

    def captured_print(*values: Any, sep: str | None = None, end: str | None = None, **_: Any) -> None:
        sink((" " if sep is None else sep).join(map(str, values)) + ("\n" if end is None else end))

    namespace["__builtins__"] = {**vars(builtins), "print": captured_print}
    exec(code, namespace)  # noqa: S102 - the language layer is switched off on purpose
    metric = _find_metric(namespace, arguments, frames)
    return lambda *given: metric(*given, **arguments)
