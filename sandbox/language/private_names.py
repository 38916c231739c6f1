"""Untrusted side. Names with one leading underscore: the author's own may be used, a library's may not.

The guards in rewritten code have names that begin and end with an underscore, so no private name is one.
"""

from __future__ import annotations

import re
from typing import Final

_PRIVATE: Final = re.compile(r"_[^\W_](?:\w*[^\W_])?")

# What named tuples offer under such names, lest it clash with a field's.
NAMED_TUPLE: Final = frozenset({"_asdict", "_fields", "_make", "_replace"})


def is_private(name: str) -> bool:
    """Whether a name is private by convention only: `_rate`, but not `__rate`, `__name__` or `_check_`."""
    return _PRIVATE.fullmatch(name) is not None


def is_named_tuple(kind: type) -> bool:
    """Whether a type is a named tuple: a tuple that knows the names of its fields."""
    return issubclass(kind, tuple) and isinstance(kind.__dict__.get("_fields"), tuple)
