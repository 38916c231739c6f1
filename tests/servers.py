"""The local servers as parameters of tests and fixtures, and engines that share what takes seconds to start.

On Spark alone a test takes several times as long as with native answers, so that much of it is left to the
slow tests.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

import grpc
import pytest

from engine import Engine
from engine.backends.connect.rpc import LOCAL_OPTIONS
from engine.backends.local.quarantine_policy import QuarantinePolicy
from engine.backends.local.server import LocalServer
from engine.backends.native.backend import NativeSpark
from engine.pool.pool import WorkerPool
from engine.runs import servers
from tests.tiers import DEEP

_SPARK = pytest.mark.spark
# For the fixture `shared_server`: `NATIVE` where all is answered natively, `ASKS_SPARK` where not all is;
# with `NATIVE_DEEP`, Spark is left to the deep run.
NATIVE: Final = ("native", pytest.param("spark", marks=[_SPARK, pytest.mark.slow]))
NATIVE_DEEP: Final = ("native", pytest.param("spark", marks=[_SPARK, *DEEP]))
ASKS_SPARK: Final = (
    pytest.param("native", marks=_SPARK),
    pytest.param("spark", marks=[_SPARK, pytest.mark.slow]),
)


class SharedPool(WorkerPool):
    """Zygotes for several engines, one after the other or at once; those end without ending them."""

    def close(self) -> None:
        """Nothing: an engine that was handed the pool ends."""

    def end(self) -> None:
        """End the zygotes and workers."""
        super().close()


class SendsNobodyAway(QuarantinePolicy):
    """For servers that tests share: those that end one look at what comes after it, whatever others asked."""

    def note(self, tenant: str, now: float) -> bool:
        """Tell that a tenant asks here."""
        return False


class LongLived:
    """An engine for one command that is another's, and goes on when the command is done."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


class _Shared:
    """A server that an engine uses and leaves running."""

    def __init__(self, server: LocalServer | NativeSpark) -> None:
        self._server = server

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._server)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._server, name)

    def close(self) -> None:
        """Nothing: the engine ends."""


@contextmanager
def engine_on(server: LocalServer | NativeSpark, spool_dir: Path, **options: Any) -> Iterator[Engine]:
    """An engine on a server that other tests share, such as `spark_backend`, which goes on when it ends.

    Args:
        spool_dir: the shared servers' own; they read nothing of what an engine puts elsewhere.
        options: of the engine; `pool=worker_pool` spares it a zygote of its own.
    """
    with made_on(server, spool_dir, **options) as engine:
        yield engine


def made_on(server: LocalServer | NativeSpark, spool_dir: Path, **options: Any) -> Engine:
    """The same for a test that closes the engine itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(servers, "make_backend", lambda *_, **__: _Shared(server))
        patch.setattr(tempfile, "tempdir", str(spool_dir))
        return Engine(server.name, **options)


@contextmanager
def plain_session(server: LocalServer) -> Iterator[Any]:
    """An ordinary session of PySpark on a shared server, with nothing of the engine between them."""
    from pyspark.sql.connect.client import ChannelBuilder
    from pyspark.sql.connect.session import SparkSession

    connection, session_id = server.connection(), str(uuid.uuid4())
    assert server.generation is not None
    channel = grpc.insecure_channel(f"unix:{server.generation.process.address}", options=LOCAL_OPTIONS)

    class Builder(ChannelBuilder):
        host = userAgent = userId = "plain"  # noqa: N815 - PySpark's names

        def toChannel(self) -> Any:  # noqa: N802
            return channel

        def metadata(self) -> list[tuple[str, str]]:
            return list(connection.metadata)

    builder = Builder()
    builder.set(ChannelBuilder.PARAM_SESSION_ID, session_id)
    session = SparkSession(builder)  # type: ignore[arg-type]  # it takes any builder of channels
    session._client.disable_reattachable_execute()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SPARK_CONNECT_MODE_ENABLED", "1")  # or functions ask for a SparkContext
            yield session
    finally:
        session._client.release_session()
        channel.close()
