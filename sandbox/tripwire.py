"""What a worker has instead of scipy and statsmodels, if it was forked before the zygote had loaded them.

They take longer to load than everything else that metrics use, so that the zygote loads them for the first
source that may need them, as far as its text tells. Text can be put together, and pandas imports scipy by
itself for some of its methods: whatever imports them in a worker that lacks them, the engine runs the call
once more, in a worker that has them. Loading them here would take a second for each worker, and some of
what they do at first is more than a worker may.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from typing import Any, Final, NoReturn

ROOTS: Final = frozenset({"scipy", "statsmodels"})


class Tripwire:
    """The first of the finders of modules: it finds none, but notices who looks for one of `ROOTS`."""

    def __init__(self, lack: Callable[[], NoReturn]) -> None:
        """Notice nothing yet.

        Args:
            lack: called for the first import; never returns.
        """
        self._lack = lack

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002
        """Called by Python for each module that is not loaded yet."""
        if fullname.partition(".")[0] in ROOTS:
            self._lack()
        return None


def set_tripwire(lack: Callable[[], NoReturn]) -> None:
    """Have `lack` called, which never returns, as soon as anything in this process needs `ROOTS`."""
    sys.meta_path.insert(0, Tripwire(lack))
