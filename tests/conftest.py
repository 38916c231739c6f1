"""Shared fixtures: local servers and workers, started once per process and only when a test asks for them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import hypothesis
import pytest

from engine import Engine
from engine.backends import names
from engine.backends.base import BackendSession
from engine.backends.connect.rpc import Connection
from engine.backends.duckdb.backend import LocalDuckDb
from engine.backends.local.server import LocalServer
from engine.backends.native.backend import NativeSession, NativeSpark
from engine.backends.spark.backend import LocalSpark
from engine.context import UNBOUNDED, QueryContext
from engine.errors import BackendStartError
from tests.servers import SendsNobodyAway, SharedPool, engine_on

# How long an example takes is up to what else the machine does; and a run draws what the one before it drew.
hypothesis.settings.register_profile("same", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1_000)
hypothesis.settings.load_profile("same")


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the shared servers may read beside the examples; tests put their data into subfolders of it."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def spool_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an engine may put data for the shared servers."""
    return tmp_path_factory.mktemp("spool")


EXAMPLES = Path(__file__).parents[1] / "examples"
_UNMARKED = "this is not answered natively, and the test is not marked `spark`"


class MarkedSpark(LocalSpark):
    """A Spark server that answers tests that are marked `spark`, and no others.

    Elsewhere a plan that nobody takes for Spark's would start Java, for half a minute, unseen.
    """

    marked = False
    refused: ClassVar[list[str]] = []
    reason = ""

    def start(self) -> None:
        """Start it; see `Backend.start`. An engine may do so later than the test."""
        if not self.marked:
            raise BackendStartError(_UNMARKED)
        super().start()

    def connection(self, context: QueryContext = UNBOUNDED) -> Connection:
        """The connection; see `Endpoint.connection`."""
        if not self.marked:
            MarkedSpark.refused.append(self.reason)
            raise BackendStartError(f"{_UNMARKED}: {self.reason}")
        return super().connection(context)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name no test by bytes: they may hold the time at which they were made, as what gzip packs does.

    Each process would then have tests of other names than its neighbours.
    """
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let a test ask Spark, or not, before its fixtures do."""
    MarkedSpark.marked = item.get_closest_marker("spark") is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Fail the test, which may take no notice of an error."""
    MarkedSpark.refused.clear()
    yield
    if MarkedSpark.refused:
        pytest.fail(f"{_UNMARKED}: {'; '.join(dict.fromkeys(MarkedSpark.refused))}")


@pytest.fixture(scope="session", autouse=True)
def _only_marked() -> Iterator[None]:
    """The same for the servers of engines that tests make; and remember why something is not native."""
    on_spark = NativeSession._on_spark

    def noted(session: NativeSession, reason: str, context: QueryContext) -> BackendSession:
        MarkedSpark.reason = reason
        return on_spark(session, reason, context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "LocalSpark", MarkedSpark)
        patch.setattr(NativeSession, "_on_spark", noted)
        yield


@pytest.fixture(scope="session")
def _spark(data_dir: Path, spool_dir: Path) -> Iterator[LocalSpark]:
    backend = MarkedSpark((data_dir, EXAMPLES), spool_dir)
    backend._quarantine._policy = SendsNobodyAway()
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def spark_backend(_spark: LocalSpark) -> LocalSpark:
    """A confined local Spark server, shared by all tests; do not close it."""
    return _spark


@pytest.fixture(scope="session")
def native_backend(_spark: LocalSpark, data_dir: Path, spool_dir: Path) -> Iterator[NativeSpark]:
    """That Spark server behind a DuckDB process, for native answers; do not close it.

    Tests that ask what is not answered natively are marked `spark`.
    """
    duckdb = LocalDuckDb((data_dir, EXAMPLES), spool_dir)
    yield NativeSpark(_spark, duckdb)
    duckdb.close()


@pytest.fixture(scope="session")
def duckdb_backend(data_dir: Path, spool_dir: Path) -> Iterator[LocalDuckDb]:
    """A confined local DuckDB process; do not close it."""
    backend = LocalDuckDb((data_dir,), spool_dir)
    yield backend
    backend.close()


@pytest.fixture
def shared_server(request: pytest.FixtureRequest) -> LocalServer | NativeSpark:
    """The shared server of the name that is the fixture's parameter."""
    server: LocalServer | NativeSpark = request.getfixturevalue(f"{request.param}_backend")
    return server


@pytest.fixture(scope="session")
def worker_pool() -> Iterator[SharedPool]:
    """Where engines get their workers (`Engine(..., pool=worker_pool)`), unless a test is about that."""
    pool = SharedPool("landlock")
    yield pool
    pool.end()


@pytest.fixture(scope="session")
def shared_options(data_dir: Path, spool_dir: Path, worker_pool: SharedPool) -> dict[str, Any]:
    """The arguments of `engine_on` with which an engine shares all that can be shared."""
    return {"spool_dir": spool_dir, "roots": (data_dir,), "pool": worker_pool}


@pytest.fixture(scope="module")
def native_engine(native_backend: NativeSpark, shared_options: dict[str, Any]) -> Iterator[Engine]:
    """An engine that shares all of that, and starts no Java for what it answers natively."""
    with engine_on(native_backend, **shared_options) as engine:
        yield engine


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Spare every garbage collection a walk through the thousands of tests."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
