"""An S3 server of the benchmark's own: a folder as a bucket that is read, and nothing that takes time.

moto's server, which the tests use, takes milliseconds of a processor for each request; that would be
what is measured on two cores. This one lists and answers from memory, and checks nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
from email.utils import format_datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

YOUNG: Final = "new"  # in front: objects that were written when the server started; others are old
_WRITTEN: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_PAGE: Final = 1_000
_SHORT: Final = 4


class Bucket:
    """What is answered. Objects are the files below a folder, once more below any short name in front.

    So what was fetched before can be asked for as something that was not.
    """

    def __init__(self, folder: Path) -> None:
        """Read all of them."""
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        self._objects = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
        self._etags = {
            key: hashlib.md5(data, usedforsecurity=False).hexdigest() for key, data in self._objects.items()
        }
        self._started = dt.datetime.now(dt.UTC).replace(microsecond=0)

    def answer(self, method: str, target: str, headers: dict[str, str]) -> bytes:
        """The whole answer to a request."""
        parts = urlsplit(target)
        _, _, key = unquote(parts.path).strip("/").partition("/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if method == "GET" and "list-type" in query:
            return _answer(200, "application/xml", self._list(query))
        front, _, key = key.partition("/")
        data = self._objects.get(key)
        if data is None:
            body = b"" if method == "HEAD" else b"<Error><Code>NoSuchKey</Code></Error>"
            return _answer(404, "application/xml", body)
        written = format_datetime(self._written(front), usegmt=True)
        told = f'ETag: "{self._etags[key]}"\r\nLast-Modified: {written}\r\n'
        if method == "HEAD":
            return _head(200, "binary/octet-stream", len(data), told)
        span = headers.get("range", "").removeprefix("bytes=")
        if span:
            first, _, last = span.partition("-")
            start, end = int(first), min(int(last or len(data) - 1), len(data) - 1)
            told += f"Content-Range: bytes {start}-{end}/{len(data)}\r\n"
            return _head(206, "binary/octet-stream", end + 1 - start, told) + data[start : end + 1]
        return _head(200, "binary/octet-stream", len(data), told) + data

    def _written(self, front: str) -> dt.datetime:
        return self._started if front.startswith(YOUNG) else _WRITTEN

    def _list(self, query: dict[str, str]) -> bytes:
        front, _, prefix = query.get("prefix", "").partition("/")
        after = query.get("continuation-token", "")
        known = self._objects if len(front) <= _SHORT else ()
        found = [key for key in known if key.startswith(prefix) and f"{front}/{key}" > after]
        page = found[: min(_PAGE, int(query.get("max-keys", _PAGE)))]
        more = len(found) > len(page)
        written = self._written(front).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        entries = "".join(
            f"<Contents><Key>{front}/{escape(key)}</Key><LastModified>{written}</LastModified>"
            f"<ETag>&quot;{self._etags[key]}&quot;</ETag><Size>{len(self._objects[key])}</Size></Contents>"
            for key in page
        )
        token = f"<NextContinuationToken>{front}/{escape(page[-1])}</NextContinuationToken>" if more else ""
        return (
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated><KeyCount>{len(page)}</KeyCount>"
            f"{token}{entries}</ListBucketResult>"
        ).encode()


def _head(status: int, kind: str, length: int, told: str = "") -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{told}Content-Length: {length}\r\n\r\n".encode()


def _answer(status: int, kind: str, body: bytes) -> bytes:
    return _head(status, kind, len(body)) + body


async def serve(bucket: Bucket, tell: Connection) -> None:
    """Serve until the process ends.

    Args:
        bucket: what is served.
        tell: a connection that is told the address.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):  # it has ended
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                line, *rest = head.decode("latin-1").split("\r\n")
                method, target, _ = line.split(" ")
                pairs = (one.partition(":") for one in rest)
                writer.write(
                    bucket.answer(method, target, {name.lower(): told.strip() for name, _, told in pairs})
                )
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    tell.send(f"http://{host}:{port}")
    await server.serve_forever()
