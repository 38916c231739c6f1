"""The service, if it is installed: it is an extra of the package."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from engine.errors import UsageError


@contextlib.contextmanager
def service_extra() -> Iterator[None]:
    """Import of the service meanwhile.

    Raises:
        UsageError: what it needs is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("engine", "sandbox"):
            raise
        raise UsageError(
            f"the service needs {error.name}, which is not installed: pip install 'calcmetric[server]'"
        ) from None
