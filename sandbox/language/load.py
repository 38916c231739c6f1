"""Untrusted side. Runs a compiled source in a fresh namespace and hands out its calc_metric.

One namespace, one set of guards and builtins per frame: nothing that a metric leaves behind in one frame
can change its number in another.
"""

from __future__ import annotations

import builtins
import inspect
import types
from collections.abc import Callable
from typing import Any

from sandbox.language.builtins import make_builtins
from sandbox.language.guards import Guards
from sandbox.language.problems import GuardRefused
from sandbox.language.program import FILENAME, Program

Metric = Callable[[Any], Any]


def load(program: Program, *, sink: Callable[[str], None]) -> Metric:
    """Execute the module and return its calc_metric.

    Args:
        program: a program without errors.
        sink: gets what the metric prints, as it prints it.

    Returns:
        The function to call with the frame. If a guard refused something during the call, that refusal is
        raised even if the metric swallowed it.

    Raises:
        GuardRefused: a guard refused something, or calc_metric turned out not to be a fitting function.
        BaseException: whatever the module's own code raised.
    """
    if program.code is None:
        raise ValueError("a program with errors cannot be loaded")
    namespace: dict[str, Any] = {"__name__": FILENAME}
    if not program.restricted:
        return _load_unrestricted(program.code, namespace, sink)
    guards = Guards(namespace, program.extra_imports)
    namespace.update(
        __builtins__=make_builtins(guards, sink),
        _check_=guards.make_check(),
        _open_=guards.open_types,
        _type_=type,
        _getspecial_=guards.read_special,
        _write_=guards.write,
        _import_=guards.import_module,
        _import_name_=guards.import_name,
        _import_star_=guards.import_star,
    )
    exec(program.code, namespace)  # noqa: S102 - the one place that runs a metric's module
    _raise_refusal(guards)
    metric = _find_metric(namespace)

    def call_metric(frame: Any) -> Any:
        try:
            return metric(frame)
        finally:
            _raise_refusal(guards)

    return call_metric


def _raise_refusal(guards: Guards) -> None:
    """Raise a refusal that the metric swallowed, or that another exception has covered."""
    if guards.refusal is not None:
        raise guards.refusal from None


def _find_metric(namespace: dict[str, Any]) -> Metric:
    metric = namespace.get("calc_metric")
    if metric is None:
        raise GuardRefused("metric-missing", "calc_metric is not defined", "define `def calc_metric(df):`")
    if not isinstance(metric, types.FunctionType):
        kind = type(metric).__name__
        raise GuardRefused("metric-not-function", f"calc_metric is a {kind}", "define `def calc_metric(df):`")
    try:
        inspect.signature(metric).bind(None)
    except TypeError as error:
        hint = "it is called with one argument: `def calc_metric(df):`"
        raise GuardRefused("metric-parameters", f"calc_metric cannot be called: {error}", hint) from None
    return metric


def _load_unrestricted(
    code: types.CodeType, namespace: dict[str, Any], sink: Callable[[str], None]
) -> Metric:
    """Plain builtins, `print` captured; for tests of the other layers."""

    def captured_print(*values: Any, sep: str | None = None, end: str | None = None, **_: Any) -> None:
        sink((" " if sep is None else sep).join(map(str, values)) + ("\n" if end is None else end))

    namespace["__builtins__"] = {**vars(builtins), "print": captured_print}
    exec(code, namespace)  # noqa: S102 - the language layer is switched off on purpose
    return _find_metric(namespace)
