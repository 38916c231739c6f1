"""Altair and its renderer, if they are installed: they are an extra of the package."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any, Final

from engine.errors import UsageError

_NEEDED: Final = ("altair", "vl_convert")


def check_charts() -> None:
    """See that charts can be drawn, without importing what draws them.

    Raises:
        UsageError: what draws them is not installed.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"charts need {' and '.join(missing)}, which is not installed: pip install 'calcmetric[report]'"
        )


def altair() -> Any:
    """The module altair, which takes a second to import.

    Raises:
        UsageError: what draws charts is not installed.
    """
    check_charts()
    return importlib.import_module("altair")
