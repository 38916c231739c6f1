"""An S3 server of the tests' own, a proxy that meddles with it, and what reads there."""

from __future__ import annotations

import http.client
import io
import logging
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.models.urls import SPOOL_BYTES, parse_store_url
from engine.sources.resolve import resolve_source
from engine.sources.source import ResolvedSource
from engine.sources.spool import Spool
from engine.sources.stores.fetched import FetchedObjects
from engine.sources.stores.stores import Stores
from tests.stores.meddling import Proxy, proxy_to

TABLE = pa.table({"a": [1, 2, 3]})
KEYS = [f"t/{number}.parquet" for number in range(3)]
_UNCHECKED = "the server takes any"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[tuple[str, int]]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield server.get_host_and_port()
    server.stop()


@pytest.fixture
def proxy(s3_server: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Between the engine and the server."""
    with proxy_to(*s3_server) as made:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "the-tests-own",
            "AWS_SECRET_ACCESS_KEY": "a-secret-of-the-tests",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": made.address,
        }.items():
            monkeypatch.setenv(name, value)
        yield made


@dataclass
class Bucket:
    """A bucket of a test's own.

    Attributes:
        name: of it.
        server: where it is.
    """

    name: str
    server: tuple[str, int]

    @property
    def url(self) -> str:
        return f"s3://{self.name}"

    def put(self, key: str, data: bytes) -> None:
        """Write an object in one part, so that its etag is a digest."""
        self._ask("PUT", key, data)

    def put_table(self, key: str, table: pa.Table) -> None:
        sink = io.BytesIO()
        pq.write_table(table, sink)
        self.put(key, sink.getvalue())

    def put_folder(self, folder: Path, key: str) -> None:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(f"{key}/{path.relative_to(folder)}", path.read_bytes())

    def remove(self, key: str) -> None:
        self._ask("DELETE", key, None)

    def _ask(self, method: str, key: str, data: bytes | None) -> None:
        connection = http.client.HTTPConnection(*self.server)
        signed = f"AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, Signature={_UNCHECKED}"
        connection.request(method, f"/{self.name}/{quote(key)}", data, {"Authorization": signed})
        answer = connection.getresponse()
        assert answer.status < 300, answer.read()
        connection.close()


@pytest.fixture
def bucket(s3_server: tuple[str, int], proxy: Proxy) -> Bucket:
    made = Bucket(f"bucket-{uuid.uuid4().hex}", s3_server)
    made._ask("PUT", "", b"")
    return made


@dataclass
class Reading:
    """Reads a bucket as an engine does.

    Attributes:
        spool: of the engine.
        fetched: what it keeps.
        stores: what it reads.
    """

    spool: Spool
    fetched: FetchedObjects
    stores: Stores

    def __call__(self, named: Any, **options: Any) -> ResolvedSource:
        return resolve_source(named, roots=(), spool=self.spool, stores=self.stores, **options)

    @property
    def files(self) -> list[str]:
        """The names of all files that were fetched."""
        return sorted(path.name for path in (self.spool.folder / "fetched").rglob("*") if path.is_file())


@pytest.fixture
def filled(bucket: Bucket) -> Bucket:
    """A bucket with the same little table a few times."""
    for key in KEYS:
        bucket.put_table(key, TABLE)
    return bucket


@pytest.fixture
def make_reading(bucket: Bucket) -> Iterator[Callable[..., Reading]]:
    """Makes what reads below a bucket."""
    made = []

    def make(most: int = SPOOL_BYTES, root: str = bucket.url, **options: Any) -> Reading:
        spool = Spool()
        fetched = FetchedObjects(spool.folder / "fetched", most, pause=0.001, **options)
        made.append(spool)
        return Reading(spool, fetched, Stores([parse_store_url(root)], fetched))

    yield make
    for spool in made:
        spool.close()


@pytest.fixture
def reading(make_reading: Callable[..., Reading]) -> Reading:
    return make_reading()
