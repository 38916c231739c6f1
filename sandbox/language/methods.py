"""Untrusted side. The special methods that a metric's class may define, and call through super().

They make ordinary classes: values, containers, context managers, callables. Left out is what changes how
attributes, classes or copies work: __new__, __getattr__, __setattr__, descriptors, __init_subclass__,
__class_getitem__, __reduce__, numpy's array protocols, and everything async.
"""

from __future__ import annotations

from typing import Final

_ARITHMETIC: Final = [
    "add",
    "sub",
    "mul",
    "matmul",
    "truediv",
    "floordiv",
    "mod",
    "divmod",
    "pow",
    "lshift",
    "rshift",
    "and",
    "xor",
    "or",
]

METHODS: Final = (
    frozenset(
        [
            "__init__",
            "__post_init__",
            "__call__",
            "__repr__",
            "__str__",
            "__format__",
            "__bool__",
            "__hash__",
            "__len__",
            "__length_hint__",
            "__iter__",
            "__next__",
            "__reversed__",
            "__contains__",
            "__getitem__",
            "__setitem__",
            "__delitem__",
            "__missing__",
            "__enter__",
            "__exit__",
            "__eq__",
            "__ne__",
            "__lt__",
            "__le__",
            "__gt__",
            "__ge__",
            "__neg__",
            "__pos__",
            "__abs__",
            "__invert__",
            "__int__",
            "__float__",
            "__complex__",
            "__index__",
            "__round__",
            "__trunc__",
            "__floor__",
            "__ceil__",
        ]
    )
    | {f"__{name}__" for name in _ARITHMETIC}
    | {f"__r{name}__" for name in _ARITHMETIC}
    | {f"__i{name}__" for name in _ARITHMETIC if name != "divmod"}
)
