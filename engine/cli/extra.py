"""The service, if it is installed: it is an extra of the package."""

from __future__ import annotations

import importlib
from typing import Any

from engine.errors import UsageError


def service_module(name: str) -> Any:
    """A module of the service.

    Raises:
        UsageError: what it needs is not installed.
    """
    try:
        return importlib.import_module(f"engine.service.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("engine", "sandbox"):
            raise
        raise UsageError(
            f"the service needs {error.name}, which is not installed: pip install 'calcmetric[server]'"
        ) from None
