"""What a server or a worker needs, looked at before it starts: everything that is missing is said at once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from engine import Engine
from engine.errors import CalcmetricError, UsageError
from engine.service.data.datasets import root_of
from engine.service.opening import make_engine
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.wording import joined, message_of, worded


def ready_engine(settings: Settings) -> Engine:
    """An engine that has started, on a machine that has all that the settings name.

    Raises:
        UsageError: something is missing; the message has a line for each.
    """
    problems = list(_folder_problems(settings))
    engine: Engine | None = None
    try:
        # It starts in the background, while the database is looked at.
        with _collected(problems):
            engine = make_engine(settings)
        with _collected(problems):
            _try_database(settings)
        if engine is not None:
            with _collected(problems):
                engine.wait_ready()
        if not problems and engine is not None:
            started, engine = engine, None
            return started
    finally:
        if engine is not None:
            engine.close()
    raise UsageError(joined(problems))


@contextlib.contextmanager
def _collected(problems: list[str]) -> Iterator[None]:
    try:
        yield
    except CalcmetricError as error:
        problems.append(message_of(error))


def _try_database(settings: Settings) -> None:
    database = Database(settings.database)
    try:
        database.migrate()
    finally:
        database.close()


def _folder_problems(settings: Settings) -> Iterator[str]:
    for root in map(root_of, settings.data_roots):
        if "://" in root:
            continue
        folder = Path(root)
        if not folder.is_dir():
            yield worded("{setting_data_roots} {root}: there is no such folder", root=repr(root))
        elif not os.access(folder, os.R_OK | os.X_OK):
            yield worded(
                "{setting_data_roots} {root}: this user has no permission to read it", root=repr(root)
            )
