"""A service in this process, on SQLite and native answers, and a real one beside it."""

import contextlib
import itertools
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI

from engine import Engine
from engine.service.admission.keyring import create_key
from engine.service.app import make_app
from engine.service.data import health
from engine.service.settings import Settings
from engine.service.store.database import Database
from tests.servers import engine_on
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.service.hostile_site import Site
    from tests.service.postgres import Postgres

ROWS = 400
_NUMBERS = itertools.count()
# To read all of the system's authorities takes a client longer than most tests.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
SECRETS = ("cm_", "Bearer")


def write_payments(path: Path) -> None:
    """Rows of the last 20 days, four in each five hours or so."""
    now = time.time()
    times = [int((now - 20 * 86400 * n / ROWS) * 1e6) for n in range(ROWS)]
    table = pa.table(
        {
            "ts": pa.array(times, pa.timestamp("us", tz="UTC")),
            "age": pa.array([20 + n % 50 for n in range(ROWS)], pa.int32()),
            "country": ["DE" if n % 3 else "FR" for n in range(ROWS)],
        }
    )
    pq.write_table(table, path)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not found out soon is taken as unknown, and refused by nobody: no test is about how soon."""
    monkeypatch.setattr(health, "_SECONDS", PATIENCE)


@pytest.fixture(autouse=True)
def now() -> datetime:
    """The moment at which a test begins: no test that counts windows runs over the end of a day."""
    midnight = (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    left = (midnight - datetime.now(UTC)).total_seconds()
    if left < PATIENCE:
        time.sleep(left)
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def payments(data_dir: Path) -> Path:
    path = data_dir / "service-data" / "payments.parquet"
    path.parent.mkdir()
    write_payments(path)
    return path


@pytest.fixture(scope="session")
def engine(native_backend, spool_dir, payments, worker_pool) -> Iterator[Engine]:
    with engine_on(native_backend, spool_dir, roots=(payments.parent,), pool=worker_pool) as started:
        yield started


@pytest.fixture(scope="module")
def site(tmp_path_factory, engine, payments) -> "Iterator[Site]":
    """A service whose every text is an enemy's."""
    from tests.service.hostile_site import open_site

    with open_site(tmp_path_factory.mktemp("site"), engine, payments) as opened:
        yield opened


@dataclass
class Client:
    """A client of one workspace."""

    http: httpx.Client
    account: str
    workspace: str
    key: str

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}
        base = f"/api/v1/{self.account}/{self.workspace}"
        return self.http.request(method, base + path, headers=headers, **more)

    def ok(self, method: str, path: str, **more: Any) -> Any:
        answer = self(method, path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def model(self, payments: Path | str, timestamp: str | None = "ts", **more: Any) -> tuple[str, str, str]:
        """A model with a version; return both ids and the dataset's."""
        body = {"name": f"fraud {next(_NUMBERS)}", "aggregation_period": "daily", "retention": "10d", **more}
        model = self.ok("POST", "/models", json=body)["id"]
        dataset = {"source": str(payments), "timestamp": timestamp}
        body = {"model_id": model, "name": "v1", "serving_dataset": dataset}
        version = self.ok("POST", "/model-versions", json=body)
        return model, version["id"], version["serving_dataset"]["id"]

    def metric(self, model: str, code: str, name: str = "m") -> str:
        body = {"model_id": model, "name": name, "code": code}
        return str(self.ok("POST", "/metrics/code-based-metrics", json=body)["id"])

    def validate(
        self, metric: str, dataset: str, *, seen: list[Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        body = {"metric_id": metric, "dataset_id": dataset, **more}
        until = time.monotonic() + PATIENCE
        while True:
            answer: dict[str, Any] = self.ok("POST", "/metrics/code-based-metrics/validate", json=body)
            if seen is not None:
                seen.append(answer["progress"])
            if answer["status"] != "pending":
                return answer
            assert time.monotonic() < until


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres_server() as server:
        yield server.url


@contextlib.contextmanager
def postgres_server() -> "Iterator[Postgres]":
    """A PostgreSQL server of its own; without its programs the test is skipped, but on CI it fails."""
    from tests.service.postgres import find_programs, postgres

    programs = find_programs()
    if programs is None:
        assert not os.environ.get("CI"), "PostgreSQL's programs are not installed"
        pytest.skip("PostgreSQL's programs are not installed")
    with postgres(programs) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of SQLite with our tables, to copy: making these takes ten times as long."""
    path = tmp_path_factory.mktemp("migrated") / "service.db"
    with Database.migrated(f"sqlite:///{path}"):
        pass
    return path


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path, migrated_file: Path) -> str:
    """A database without rows: SQLite, or where a test is parametrized with "postgresql", that."""
    if getattr(request, "param", "sqlite") == "sqlite":
        shutil.copyfile(migrated_file, tmp_path / "service.db")
        return f"sqlite:///{tmp_path}/service.db"
    url: str = request.getfixturevalue("postgres_url")
    name = f"d{time.time_ns()}"
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    server.dispose()
    return url.removesuffix("postgres") + name


@pytest.fixture
def settings(database_url, payments) -> Settings:
    return Settings(
        database=database_url,
        data_roots=(f"*={payments.parent}",),
        calculate=False,
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    with Database.migrated(settings.database) as made:
        yield made


@pytest.fixture
def app(settings, engine):
    return make_app(settings, engine=engine)


@pytest.fixture
def http(app):
    with serving(app) as url, connect(url) as client:
        yield client


@contextlib.contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an application in a thread of this process."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def connect(url: str, timeout: float = 2 * PATIENCE, **options: Any) -> httpx.Client:
    """A client of a service that speaks no TLS."""
    return httpx.Client(base_url=url, timeout=timeout, verify=PLAIN, **options)


def make_client(
    http: httpx.Client, settings: Settings, account: str = "acme", workspace: str = "fraud"
) -> Client:
    return Client(http, account, workspace, create_key(settings.database, account, workspace))


@pytest.fixture
def client(http, settings) -> Client:
    return make_client(http, settings)


@dataclass
class Server:
    """A real `calcmetric serve`."""

    process: subprocess.Popen[bytes]
    url: str
    key: str
    log: Path


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "engine.cli", *map(str, arguments)]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def running(folder: Path, payments: Path, *more: object, database: str | None = None) -> Iterator[Server]:
    """Run `calcmetric serve`, with a new key."""
    database = database or f"sqlite:///{folder}/calcmetric.db"
    create = command("keys", "create", "--account", "acme", "--workspace", "fraud", "--database", database)
    key = subprocess.run(create, capture_output=True, text=True, check=True, timeout=60).stdout
    port = free_port()
    words = ("serve", "--port", port, "--database", database, *more)
    with process(folder, payments, *words) as (one, log):
        server = Server(one, f"http://127.0.0.1:{port}", key.strip(), log)
        wait_ready(server)
        yield server


@contextlib.contextmanager
def process(folder: Path, payments: Path, *words: object) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run a command of the service; end it by a signal."""
    log = folder / f"{words[0]}-{time.time_ns()}.log"
    with log.open("w") as out:
        started = subprocess.Popen(
            command(*words, "--data-root", payments.parent),
            cwd=folder, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        yield started, log
    finally:
        if started.poll() is None:
            started.terminate()
        try:
            started.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
            raise


def wait_ready(server: Server) -> None:
    until = time.monotonic() + 60
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(server.url + "/readyz", verify=PLAIN).status_code == 200:
                return
        assert server.process.poll() is None, server.log.read_text()
        assert time.monotonic() < until, server.log.read_text()
        time.sleep(0.05)


def wait_for(condition: Callable[[], object], seconds: float = 300) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
