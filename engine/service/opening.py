"""The engine of a service, as its settings say."""

from __future__ import annotations

from engine import Engine
from engine.service.data.datasets import local_roots, store_roots
from engine.service.settings import Settings


def make_engine(settings: Settings) -> Engine:
    """Start an engine; whoever asks for it closes it.

    Raises:
        UsageError: a setting makes no sense.
    """
    return Engine(
        settings.backend,
        native=settings.native,
        verify=settings.verify,
        warm=settings.warm,
        roots=(*local_roots(settings), *store_roots(settings)) or None,
        spool_bytes=settings.spool_bytes,
        server_isolation=settings.server_isolation,
        server_per_tenant=settings.server_per_tenant,
        native_memory_bytes=settings.native_memory,
        memory_bytes=settings.engine_memory,
        extra_imports=settings.imports,
    )
