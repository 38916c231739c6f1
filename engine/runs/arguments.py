"""The arguments of an engine, as far as they can be wrong by themselves."""

from __future__ import annotations

from typing import Final, get_args

from engine.errors import UsageError
from engine.models.backends import capabilities_of
from engine.models.isolation import SERVER_ISOLATIONS, UNCONFINED, Isolation
from engine.wording import worded

# DuckDB cannot do its work in less.
_LEAST_NATIVE_BYTES: Final = 64 << 20


def check_arguments(
    *,
    backend: str,
    isolation: str,
    server_isolation: str,
    workers: int | None,
    native: bool,
    verify: float,
    native_memory_bytes: int | None,
    spool_bytes: int,
    server_per_tenant: bool,
    ahead: bool,
) -> None:
    """Look at arguments, which are as of `Engine`; of `ahead`, whether there is one.

    Raises:
        UsageError: one of them makes no sense.
    """
    if server_per_tenant and capabilities_of(backend).remote:
        raise UsageError(
            "server_per_tenant is for local servers, which the engine starts; an endpoint is run by "
            "somebody else: make an engine for the endpoint of each tenant"
        )
    if server_per_tenant and ahead:
        raise UsageError("server_per_tenant starts a server for each tenant, and none ahead of its first run")
    if not 0 <= verify <= 1:
        raise UsageError(worded(f"{{verify}} must be from 0 to 1, not {verify:g}"))
    if verify and not (native and capabilities_of(backend).is_own_spark):
        raise UsageError(
            worded(
                "{verify} compares native answers with Spark's, and here are none: it needs the backend "
                "'spark', and {native}"
            )
        )
    if isolation not in get_args(Isolation):
        raise UsageError(f'isolation must be "full", "landlock" or "{UNCONFINED}", not {isolation!r}')
    if server_isolation not in SERVER_ISOLATIONS:
        raise UsageError(
            f'server_isolation must be "files-and-network" or "files-only", not {server_isolation!r}'
        )
    if native_memory_bytes is not None and native_memory_bytes < _LEAST_NATIVE_BYTES:
        raise UsageError(worded("{native_memory} must be at least 64 MiB"))
    if spool_bytes < 1:
        raise UsageError(worded(f"{{spool_bytes}} must be positive, not {spool_bytes}"))
    if workers is not None and workers < 1:
        raise UsageError(f"workers must be at least 1, not {workers}")
