"""An engine and, on the same warm server, what a person has without it: PySpark's own client."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql.connect.session import SparkSession

from engine import Engine, Limits
from engine.backends.base import Backend
from engine.backends.native.backend import NativeSpark
from engine.backends.spark.backend import LocalSpark
from engine.models.run import Run
from sandbox.client.rows import install_collect

# Far beyond what any benchmark takes: a limit that is reached would be no figure.
AMPLE = Limits(wall_seconds=7200, frame_seconds=3600)


@contextmanager
def running(backend: str, data: Path) -> Iterator[tuple[Engine, SparkSession]]:
    """An engine that may read the folder of `data`, and a plain session on its server."""
    prepare_plain()
    with Engine(backend, roots=(data.parent,)) as engine:
        yield engine, plain_session(engine.backend)


def prepare_plain() -> None:
    """Let metrics run in this process with PySpark's client, as they do in a worker."""
    install_collect()
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"  # or PySpark's functions ask for a JVM in this process


def plain_session(backend: Backend) -> SparkSession:
    """PySpark's client on the Spark server that a backend of ours starts, with nothing in between."""
    server = backend.spark if isinstance(backend, NativeSpark) else backend
    assert isinstance(server, LocalSpark)
    connection = server.connection()
    session = SparkSession("sc://localhost:1")
    session._client._stub = connection.stub  # type: ignore[assignment] # the same, with types
    session._client.disable_reattachable_execute()
    session._client._builder.metadata = lambda: connection.metadata  # type: ignore[method-assign] # which is what this is for
    session._client._user_id = connection.user_id
    return session


def queries(run: Run) -> str:
    """How many queries a run took, for a table."""
    return f"{run.report.queries} queries"
