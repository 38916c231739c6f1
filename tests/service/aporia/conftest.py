"""One service for all of these tests, each in a workspace of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from engine import Engine
from engine.service.app import make_app
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.tables import Model
from engine.service.work.calculate import run_due
from tests.service.conftest import Client, connect, make_client, serving

_NUMBERS = itertools.count()


@pytest.fixture(scope="package")
def settings(tmp_path_factory: pytest.TempPathFactory, payments: Path) -> Settings:
    return Settings(
        database=f"sqlite:///{tmp_path_factory.mktemp('aporia')}/service.db",
        data_roots=(f"*={payments.parent}",),
        calculate=False,
        requests_per_minute=100_000,
    )


@pytest.fixture(scope="package")
def http(settings: Settings, engine: Engine) -> Iterator[httpx.Client]:
    with serving(make_app(settings, engine=engine)) as url, connect(url, timeout=60) as client:
        yield client


@pytest.fixture
def client(http: httpx.Client, settings: Settings) -> Client:
    return make_client(http, settings, workspace=f"w{next(_NUMBERS)}")


@pytest.fixture
def elsewhere(client: Client) -> Callable[..., httpx.Response]:
    """Asks at an address that is not ours: elsewhere("crud-service", "GET", "/fields")."""

    def ask(service: str, method: str, path: str, **more: object) -> httpx.Response:
        place = f"/v1/{service}/{client.account}/{client.workspace}{path}"
        headers = {"Authorization": f"Bearer {client.key}"}
        return client.http.request(method, place, headers=headers, **more)  # type: ignore[arg-type]

    return ask


@pytest.fixture
def calculated(settings: Settings, engine: Engine) -> Iterator[Callable[[str], Database]]:
    """Calculates what is due of one model; those of other tests are deleted. Returns the database."""
    database = Database(settings.database)

    def calculate(model: str) -> Database:
        with database.session() as session:
            session.execute(sa.delete(Model).where(Model.id != model))
        assert run_due(database, engine, database.now(), settings).results > 0
        return database

    yield calculate
    database.close()
