"""The application: its parts put together, and taken apart again."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from engine import Engine
from engine.service import problems
from engine.service.admission.limits import BodyLimit
from engine.service.admission.rate import RateLimit
from engine.service.admission.throttle import Throttle
from engine.service.aporia.routers import BESIDE, ELSEWHERE
from engine.service.data.health import Looker
from engine.service.opening import make_engine
from engine.service.pages.drafts import Drafts
from engine.service.pages.site import PAGES, prepare_pages
from engine.service.routes import API
from engine.service.rules.webhooks import Courier
from engine.service.settings import Settings
from engine.service.state import ServiceState
from engine.service.store.database import Database
from engine.service.telemetry import probes
from engine.service.telemetry.observe import Observed, Telemetry
from engine.service.telemetry.otlp import Sender
from engine.service.telemetry.values import NewestValues
from engine.service.trials.validation import Validations
from engine.service.work.calculate import Calculator
from engine.service.work.exporting import Exporter
from engine.version import VERSION

_END_SECONDS: Final = 20.0
_DESCRIPTION: Final = "Code-based metrics, calculated on all data and on every segment, behind a sandbox."


def make_app(settings: Settings, *, engine: Engine | None = None, owns: bool = False) -> FastAPI:
    """Make the application.

    Args:
        settings: of the operator.
        engine: one that runs already; by default the application makes its own.
        owns: close the engine that is given with the application, as it does with its own.

    Raises:
        UsageError: a setting makes no sense.
    """
    database, telemetry = Database(settings.database), Telemetry()
    exporter = Exporter(database, settings)

    @contextlib.asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(database.migrate)
        used = engine or make_engine(settings)
        telemetry.watch(lambda: used.usage, lambda: used.verified)
        validations = Validations(database, used, settings, telemetry)
        sender = None if settings.otlp is None else Sender(database, settings)
        rate = RateLimit(database, settings.requests_per_minute)
        looker = Looker(used, settings)
        values = NewestValues(database, settings.values)
        drafts = Drafts(used, settings)
        calculator = Calculator(database, used, settings, telemetry)
        app.state.service = ServiceState(
            settings, database, used, validations, telemetry, rate, looker, values, drafts, calculator
        )
        thread = threading.Thread(target=calculator.run_forever, name="calcmetric-schedule", daemon=True)
        courier = Courier(database, settings)
        courier.start()
        exporter.start()
        if settings.calculate:
            thread.start()
        try:
            yield
        finally:
            calculator.stop()
            await run_in_threadpool(courier.stop)
            await run_in_threadpool(exporter.stop)
            if sender is not None:
                await run_in_threadpool(sender.close)
            validations.let_go()
            looker.close()
            await run_in_threadpool(drafts.close)
            app.state.service.queries.close()
            await run_in_threadpool(validations.close)
            if engine is None or owns:
                await run_in_threadpool(used.close)  # cancels what is calculated, which is then given back
            if settings.calculate:
                await run_in_threadpool(thread.join, _END_SECONDS)
            database.close()

    # Its pages of documentation bring their scripts along, instead of loading them from elsewhere.
    app = FastAPIOffline(
        title="calcmetric", version=VERSION, description=_DESCRIPTION, lifespan=live, routes=_routes()
    )
    problems.install(app)
    app.add_middleware(Throttle)
    app.add_middleware(BodyLimit, most=settings.body_bytes)
    app.add_middleware(Observed, telemetry=telemetry)
    prepare_pages(app)
    return app


@functools.cache
def _routes() -> Sequence[BaseRoute]:
    """Those of all applications of this process.

    FastAPI prepares the routes of a router at the first request after that was included, for a quarter of a
    second.
    """
    together = APIRouter()
    for part in (API, BESIDE, ELSEWHERE, probes.router, *PAGES):
        together.include_router(part)
    return together.routes
