"""Why an endpoint does not answer: each kind is tried on the loopback interface."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pyspark.sql.connect.proto as pb
import pytest
from pyspark.sql.connect.proto import base_pb2_grpc

from engine.backends.connect.remote import Remote
from engine.backends.connect.unreachable import ServerAddress, explain_silence
from engine.backends.local.process import find_free_ports
from engine.errors import BackendStartError
from tests.backends.calls import RpcFailure


@contextmanager
def listener(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Something that accepts connections, and answers each like this."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def say_http(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def message(address: str) -> str:
    with pytest.raises(BackendStartError) as caught:
        Remote(address).start()
    return str(caught.value)


def test_a_name_that_does_not_resolve() -> None:
    assert "does not resolve" in message("sc://no-such-host.invalid")


def test_a_port_at_which_nothing_listens() -> None:
    (port,) = find_free_ports(1)
    assert f"refused, nothing listens on port {port}" in message(f"sc://127.0.0.1:{port}")


def test_a_server_of_something_else() -> None:
    with listener(say_http) as port:
        assert "does not speak Spark Connect" in message(f"sc://127.0.0.1:{port}")


@pytest.mark.parametrize("options", ["use_ssl=true", "token=secret"])
def test_a_server_without_tls(options: str) -> None:
    with listener(say_http) as port:
        found = message(f"sc://127.0.0.1:{port}/;{options}")
    assert "does not speak TLS" in found and "secret" not in found


def test_the_command_line_says_it_in_its_own_words_only(tmp_path: Path) -> None:
    """gRPC writes lines of its own about a failed handshake, unless it is told not to."""
    metric = tmp_path / "count.py"
    metric.write_text("def calc_metric(df):\n    return df.count()\n")
    with listener(say_http) as port:
        command = [sys.executable, "-m", "engine.cli", "run", str(metric), "--data", "t"]
        command += ["--backend", f"sc://127.0.0.1:{port}/;use_ssl=true"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GRPC_")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 3 and not done.stdout
    assert "does not speak TLS" in done.stderr
    assert not [line for line in done.stderr.splitlines() if ".cc:" in line or "handshake" in line.lower()]


class _Guarded(base_pb2_grpc.SparkConnectServiceServicer):
    def AnalyzePlan(self, request: pb.AnalyzePlanRequest, context: grpc.ServicerContext) -> None:  # noqa: N802
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "Invalid token")


def test_a_server_that_wants_a_token() -> None:
    with ThreadPoolExecutor(2) as threads:
        server = grpc.server(threads)
        base_pb2_grpc.add_SparkConnectServiceServicer_to_server(_Guarded(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        assert "wants a token" in message(f"sc://127.0.0.1:{port}")
        server.stop(None).wait()


def test_a_token_that_is_refused() -> None:
    endpoint = ServerAddress("127.0.0.1", 1, tls=True, token=True)
    refused = RpcFailure(grpc.StatusCode.UNAUTHENTICATED, "no")
    assert "refused the token" in explain_silence(endpoint, refused)
