"""Untrusted side. Checks functions given by name: `pdf.agg("mean")` yes, `pdf.agg("to_csv")` no.

pandas turns such a string into `getattr(frame, name)` or `getattr(np, name)`, past the attribute guard.
Only exact built-in containers of exact strings are accepted: a subclass of str, list or dict could show
one thing to this check and another to pandas.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn

from sandbox.language.rules import FunctionArgument

# Reductions and transformations that compute on one column or frame.
_FUNCTIONS: Final = frozenset(
    [
        "abs",
        "all",
        "any",
        "argmax",
        "argmin",
        "average",
        "bfill",
        "ceil",
        "count",
        "cumcount",
        "cummax",
        "cummin",
        "cumprod",
        "cumsum",
        "describe",
        "diff",
        "exp",
        "expm1",
        "ffill",
        "first",
        "floor",
        "idxmax",
        "idxmin",
        "kurt",
        "kurtosis",
        "last",
        "log",
        "log10",
        "log1p",
        "log2",
        "max",
        "mean",
        "median",
        "min",
        "mode",
        "nanmax",
        "nanmean",
        "nanmedian",
        "nanmin",
        "nanstd",
        "nansum",
        "nanvar",
        "ngroup",
        "nunique",
        "ohlc",
        "pct_change",
        "prod",
        "product",
        "ptp",
        "quantile",
        "range",
        "rank",
        "round",
        "sem",
        "shift",
        "sign",
        "size",
        "skew",
        "sqrt",
        "square",
        "std",
        "sum",
        "unique",
        "value_counts",
        "var",
    ]
)

# Keyword arguments that are never functions, also where the others name aggregations.
_SETTINGS: Final = frozenset({"engine", "engine_kwargs"})

# How a guard says no: code, message and hint; never returns.
Refuse = Callable[[str, str, str], NoReturn]


def check_function_argument(value: Any, refuse: Refuse) -> None:
    """Accept a function, a listed name, or exact containers of these; refuse everything else."""
    kind = type(value)
    if value is None:
        return
    if kind is str:
        if value not in _FUNCTIONS:
            refuse(
                "function-name-refused",
                f"the function name {value!r} is not open to metrics",
                "pass the function itself, such as lambda column: column.max() - column.min()",
            )
    elif kind in (list, tuple):
        for item in value:
            check_function_argument(item, refuse)
    elif kind is dict:
        for item in value.values():
            check_function_argument(item, refuse)
    elif isinstance(value, str) or not callable(value) or _is_container(kind):
        refuse(
            "function-name-refused",
            f"a {kind.__name__} cannot name functions here",
            "pass a string, a function, or a plain list or dict of these",
        )


def guard_dispatch(
    call: Callable[..., Any], argument: FunctionArgument, refuse: Refuse
) -> Callable[..., Any]:
    """The function `call`, with its function argument checked.

    Without a function, pandas takes every keyword argument for a named aggregation.
    """

    def guarded(*args: Any, **kwargs: Any) -> Any:
        position, keyword = argument.position, argument.keyword
        if any(type(name) is not str for name in kwargs):
            refuse("call-refused", "a keyword is not a plain str", "write keyword=value")
        function = args[position] if len(args) > position else kwargs.get(keyword)
        check_function_argument(function, refuse)
        if function is None and keyword == "func":
            for name, value in kwargs.items():
                if name not in _SETTINGS:
                    named = value[1] if isinstance(value, tuple) and len(value) == 2 else value
                    check_function_argument(named, refuse)
        return call(*args, **kwargs)

    return guarded


def _is_container(kind: type) -> bool:
    """Whether pandas would look inside a value of this type for functions."""
    return not issubclass(kind, type) and any(
        hasattr(kind, name) for name in ("__iter__", "__getitem__", "keys")
    )
