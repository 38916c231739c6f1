"""What every request may use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Request

from engine import Engine
from engine.service.admission.fairpool import FairPool
from engine.service.admission.quotas import Quotas
from engine.service.admission.rate import RateLimit
from engine.service.admission.request_slots import THREADS_PER_KEY, KeyedSemaphore, RequestSlots
from engine.service.data.health import Looker
from engine.service.pages.drafts import Drafts
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.scope import WorkspaceScope
from engine.service.telemetry.observe import Telemetry
from engine.service.telemetry.values import NewestValues
from engine.service.trials.validation import Validations
from engine.service.ttl_cache import TtlCache
from engine.service.work.calculate import Calculator

KEY_SECONDS: Final = 5.0
# Queries that are calculated at a time, while their requests wait.
QUERIES: Final = 4


@dataclass(frozen=True, slots=True)
class ServiceState:
    """The parts of a running service."""

    settings: Settings
    database: Database
    engine: Engine
    validations: Validations
    telemetry: Telemetry
    rate: RateLimit
    looker: Looker
    values: NewestValues
    drafts: Drafts
    calculator: Calculator
    # Workspaces by their keys' digests: how long a revoked key may still open one here.
    scopes: TtlCache[WorkspaceScope] = field(default_factory=lambda: TtlCache(KEY_SECONDS))
    quotas: TtlCache[Quotas] = field(default_factory=lambda: TtlCache(KEY_SECONDS))
    request_slots: RequestSlots = field(default_factory=RequestSlots)
    entrances: KeyedSemaphore = field(default_factory=lambda: KeyedSemaphore(THREADS_PER_KEY))
    queries: FairPool = field(default_factory=lambda: FairPool(QUERIES, "calcmetric-query"))


async def get_state(request: Request) -> ServiceState:
    """The parts of the service that answers. Asynchronous, because else it would wait for a thread."""
    state: ServiceState = request.app.state.service
    return state


StateOf = Annotated[ServiceState, Depends(get_state)]
