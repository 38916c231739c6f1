"""A proxy between the engine and an S3 server, which meddles with what it is told to."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What is done to an answer; it is given the handler, the status, the headers and the body.
Meddle = Callable[["_Handler", int, list[tuple[str, str]], bytes], None]
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass
class Rule:
    """One way of meddling.

    Attributes:
        meddle: what is done.
        part: of the path of requests that are meddled with.
        method: theirs.
        times: so many of them; then no more.
    """

    meddle: Meddle
    part: str
    method: str = "GET"
    times: int = 1_000


@dataclass
class Proxy:
    """The proxy.

    Attributes:
        address: of it, as a URL.
        rules: the first that fits counts.
        asked: methods and paths of all requests.
    """

    address: str
    rules: list[Rule] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def rule_for(self, method: str, path: str) -> Rule | None:
        with self.lock:
            self.asked.append((method, path))
            for rule in self.rules:
                if rule.times and rule.method == method and rule.part in path:
                    rule.times -= 1
                    return rule
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy
    behind: tuple[str, int]

    def _forward(self) -> None:
        body = self._body()
        rule = self.proxy.rule_for(self.command, self.path)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        connection = http.client.HTTPConnection(*self.behind)
        connection.request(self.command, self.path, body or None, headers)
        answer = connection.getresponse()
        data, told = answer.read(), answer.getheaders()
        connection.close()
        if rule is not None:
            rule.meddle(self, answer.status, told, data)
        else:
            self.answer(answer.status, told, data)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _forward  # noqa: N815 - names of the library

    def answer(
        self, status: int, headers: list[tuple[str, str]], data: bytes, length: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        told = {name.lower(): value for name, value in headers}.get("content-length", str(len(data)))
        self.send_header("Content-Length", told if self.command == "HEAD" else str(length or len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nobody reads it."""


@contextmanager
def proxy_to(host: str, port: int) -> Iterator[Proxy]:
    """A proxy to a server."""

    class Handler(_Handler):
        behind = (host, port)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Handler.proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield Handler.proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def saying(status: int, code: str) -> Meddle:
    """Answers with an error of S3."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>so</Message></Error>".encode()

    def meddle(handler: _Handler, _: int, __: object, ___: bytes) -> None:
        handler.answer(
            status, [("Content-Type", "application/xml")], body if handler.command != "HEAD" else b""
        )

    return meddle


def cutting(handler: _Handler, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
    """Promises a whole answer, and breaks off in its middle."""
    handler.answer(status, headers, data[: len(data) // 2], len(data))
    handler.close_connection = True


def flipping(handler: _Handler, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
    """Sends other bytes under the same etag."""
    handler.answer(status, headers, bytes([data[0] ^ 1]) + data[1:])


def after(act: Callable[[], object]) -> Meddle:
    """Does something before the answer arrives."""

    def meddle(handler: _Handler, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
        act()
        handler.answer(status, headers, data)

    return meddle
