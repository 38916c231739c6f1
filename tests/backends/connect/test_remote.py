"""Endpoints that are not ours, and backends by their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pyspark.sql.connect.proto as pb
import pytest
from pyspark.sql.connect.session import SparkSession

from engine.backends.connect.apache import is_apache_spark, other_server
from engine.backends.connect.remote import CallerSession, Remote
from engine.backends.connect.rpc import Connection
from engine.backends.local.process import find_free_ports
from engine.backends.names import make_backend
from engine.backends.native.backend import NativeSpark
from engine.backends.spark.backend import LocalSpark
from engine.context import UNBOUNDED
from engine.errors import BackendStartError, EngineClosed, UsageError
from engine.wording import said
from tests.backends.calls import RpcFailure
from tests.backends.little import LittleServer
from tests.backends.plans import count, numbers, sql, value
from tests.backends.processes import ports_of
from tests.servers import plain_session


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Somebody else's Spark Connect server."""
    folder = tmp_path_factory.mktemp("remote")
    server = LittleServer((folder,), folder, private_network=False)
    server.start()
    (port,) = ports_of(server)
    yield f"sc://127.0.0.1:{port}"
    server.close()


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


@pytest.mark.slow
def test_the_callers_session_is_used_and_survives(spark_backend: LocalSpark) -> None:
    with plain_session(spark_backend) as spark:
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


def test_a_session_that_was_stopped_is_refused(address: str) -> None:
    spark = SparkSession.builder.remote(address).create()
    spark.stop()
    with pytest.raises(UsageError, match="stopped"):
        CallerSession(spark)


def test_an_endpoint_that_is_not_there_is_named() -> None:
    (port,) = find_free_ports(1)
    with pytest.raises(BackendStartError, match=f"127.0.0.1:{port}") as caught:
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
    assert isinstance(make_backend("spark", roots=(), spool=tmp_path), NativeSpark)
    assert isinstance(make_backend("spark", roots=(), spool=tmp_path, native=False), LocalSpark)
    assert isinstance(make_backend("sc://host", roots=(), spool=tmp_path), Remote)
    with pytest.raises(UsageError, match="'spark', 'sc://host:port', 'duckdb' and"):
        make_backend("spork", roots=(), spool=tmp_path)


def test_the_backend_that_is_gone_names_the_one_to_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'sail' is gone: make the engine with Engine\('spark'\)") as caught:
        make_backend("sail", roots=(), spool=tmp_path)
    assert "use --backend spark" in said(caught.value, "command")
    assert "ask the operator for the backend spark" in said(caught.value, "http")


def test_a_server_that_does_not_say_that_it_is_spark_is_warned_of_once(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    backend = Remote(address)
    session = backend.open_session()
    later = UNBOUNDED.within(300)
    with caplog.at_level("WARNING"):
        for _ in range(3):
            assert not is_apache_spark(backend.address, session, later)
    (warning,) = caplog.messages
    assert backend.address in warning and warning == other_server(backend.address).message
    session.close()
    backend.close()


@pytest.mark.slow
def test_spark_says_that_it_is_spark(spark_backend: LocalSpark) -> None:
    session = spark_backend.open_session()
    later = UNBOUNDED.within(300)
    assert is_apache_spark("for a test", session, later)
    session.close()


def test_a_classic_session_is_refused_with_the_way_out() -> None:
    with pytest.raises(UsageError, match="remote"):
        CallerSession(object())


class Flaky:
    """The stub of a server that was lost, and is back after so many calls; it notes which waited for it."""

    def __init__(self, failures: int) -> None:
        self.failures, self.waited = failures, list[bool]()
        self.Config = self._configure

    def _configure(
        self, request: object, *, wait_for_ready: bool = False, **more: object
    ) -> pb.ConfigResponse:
        self.waited.append(wait_for_ready)
        if len(self.waited) > self.failures:
            return pb.ConfigResponse(server_side_session_id="here")
        code = grpc.StatusCode.DEADLINE_EXCEEDED if wait_for_ready else grpc.StatusCode.UNAVAILABLE
        raise RpcFailure(code, f"failure {len(self.waited)}")


def flaky(failures: int, *, lasting: bool) -> tuple[Flaky, Connection]:
    stub = Flaky(failures)
    return stub, Connection(None, "user", given_stub=stub, lasting=lasting)  # type: ignore[arg-type]


def test_a_server_that_is_there_again_is_found_although_grpc_has_not_looked_yet() -> None:
    stub, connection = flaky(1, lasting=True)
    assert connection.set_config("session", [("key", "value")]) == "here"
    assert stub.waited == [False, True]


@pytest.mark.parametrize(("lasting", "calls"), [(True, 2), (False, 1)])
def test_a_server_that_stays_away_is_lost(lasting: bool, calls: int) -> None:
    stub, connection = flaky(9, lasting=lasting)
    with pytest.raises(RpcFailure) as caught:
        connection.set_config("session", [("key", "value")])
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert len(stub.waited) == calls
