"""Calculation for those who have an orchestrator already: what is due, run in their own process."""

from __future__ import annotations

import contextlib
from datetime import datetime

from engine import Engine
from engine.models import parse_instant
from engine.service.opening import make_engine
from engine.service.rules.webhooks import Courier
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.work import calculate
from engine.service.work.calculate import Tally
from engine.service.work.exporting import Exporter

__all__ = ["Settings", "Tally", "run_due"]


def run_due(now: datetime, settings: Settings, *, engine: Engine | None = None) -> Tally:
    """Plan what is due at a time, and run all due work that no other process has; wait for its end.

    May be called as often as wanted, and by several processes at once: nothing is done twice.

    Args:
        now: aware; later than at the calls before.
        settings: of the service.
        engine: one that runs already, and is not closed; by default it makes its own.

    Raises:
        UsageError: a setting makes no sense, or a time without a zone.
        BackendStartError, IsolationError: the engine cannot work here.
        DataError: results cannot be appended to the settings' table; they are kept for the next time.
    """
    instant = parse_instant(now, what="now")
    with contextlib.ExitStack() as stack:
        database = Database(settings.database)
        stack.callback(database.close)
        exporter = Exporter(database, settings)
        database.migrate()
        used = engine or stack.enter_context(make_engine(settings))
        tally = calculate.run_due(database, used, instant, settings)
        if settings.webhooks:
            Courier(database, settings).deliver_due()
        exporter.append_due()
        return tally
