"""What the options of `calcmetric serve` and `worker` hold, by the names that `Settings` has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from engine.models.isolation import ServerIsolation


class WorkerOptions(TypedDict):
    """The options of both, but for limits of runs; sizes in bytes."""

    database: str
    data_roots: tuple[str, ...]
    tables: tuple[str, ...]
    server_per_tenant: bool
    calculations: int
    backend: str
    native: bool
    verify: float
    warm: bool
    server_isolation: ServerIsolation
    imports: tuple[str, ...]
    engine_memory: int
    native_memory: int | None
    spool_bytes: int
    tick_seconds: float
    lease_seconds: float
    attempts: int
    webhooks: tuple[str, ...]
    save_results: str | None
    keep: str | None


class ServeOptions(WorkerOptions):
    """Those of a server, but for where it listens and whether it calculates."""

    requests_per_minute: int
    body_bytes: int
    validations: int
    connections: int
    idle_seconds: float
    values: int | None
    otlp: str | None
    poll_seconds: float
