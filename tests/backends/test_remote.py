"""Endpoints that are not ours, and backends by their names."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql.connect.session import SparkSession

from engine.backends.names import make_backend
from engine.backends.process import find_free_ports
from engine.backends.remote import CallerSession, Remote
from engine.backends.sail import LocalSail
from engine.backends.spark import LocalSpark
from engine.errors import BackendStartError, EngineClosed, UsageError
from tests.backends.plans import count, numbers, sql, value
from tests.backends.test_process import ports_of
from tests.waiting import within


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Somebody else's Spark Connect server."""
    folder = tmp_path_factory.mktemp("remote")
    server = LocalSail((folder,), folder, private_network=False)
    server.start()
    (port,) = ports_of(server)
    yield f"sc://127.0.0.1:{port}"
    server.close()


@pytest.mark.sail
def test_an_endpoint_answers_and_is_left_running(address: str) -> None:
    for _ in range(2):
        backend = Remote(address)
        backend.start()
        session = backend.open_session()
        assert value(session, count(numbers(7))) == 7
        assert value(session, sql("SELECT current_timezone()")) == "UTC"
        session.close()
        backend.close()
        backend.close()
        with pytest.raises(EngineClosed):
            backend.open_session()


@pytest.mark.sail
def test_the_callers_session_is_used_and_survives(address: str) -> None:
    spark = SparkSession.builder.remote(address).create()  # type: ignore[attr-defined]
    spark.conf.set("spark.sql.session.timeZone", "Europe/Berlin")
    spark.range(5).createOrReplaceTempView("five")
    backend = CallerSession(spark)
    backend.start()
    session = backend.open_session()
    assert value(session, sql("SELECT count(*) FROM five")) == 5
    assert value(session, sql("SELECT current_timezone()")) == "Europe/Berlin"
    session.close()
    backend.close()
    assert spark.table("five").count() == 5
    spark.stop()
    with pytest.raises(UsageError, match="stopped"):
        CallerSession(spark)


def test_an_endpoint_that_is_not_there_is_named_within_seconds() -> None:
    (port,) = find_free_ports(1)
    with (
        within(10, time.monotonic),
        pytest.raises(BackendStartError, match=f"127.0.0.1:{port}") as caught,
    ):
        Remote(f"sc://127.0.0.1:{port}").start()
    assert "check its address" in str(caught.value)


def test_a_token_never_shows() -> None:
    (port,) = find_free_ports(1)
    backend = Remote(f"sc://localhost:{port}/;token=very-secret")
    with pytest.raises(BackendStartError) as caught:
        backend.start()
    assert "very-secret" not in f"{caught.value} {caught.value.detail} {backend.name} {vars(backend)}"


@pytest.mark.parametrize("address", ["sc://", "sc://host/path", "sc://host:port", "sc://host/;token"])
def test_an_address_that_makes_no_sense_is_refused(address: str) -> None:
    with pytest.raises(UsageError):
        Remote(address)


def test_backends_have_names(tmp_path: Path) -> None:
    assert isinstance(make_backend("spark", roots=(), spool=tmp_path), LocalSpark)
    assert isinstance(make_backend("sail", roots=(), spool=tmp_path), LocalSail)
    assert isinstance(make_backend("sc://host", roots=(), spool=tmp_path), Remote)
    with pytest.raises(UsageError, match="'spark', 'sail', 'sc://host:port', 'duckdb' and"):
        make_backend("spork", roots=(), spool=tmp_path)


def test_a_classic_session_is_refused_with_the_way_out() -> None:
    with pytest.raises(UsageError, match="remote"):
        CallerSession(object())
