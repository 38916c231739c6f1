"""The examples of docs/stores.md, on a server of the tests' own."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from engine import Dataset, Engine
from engine.models.urls import is_store_url, parse_store_url
from engine.service.data.datasets import SourceOwner, check_source
from engine.service.settings import Settings
from tests.documents import ROOT, blocks, commands
from tests.sources.spooled import spooled
from tests.stores.conftest import Bucket, Reading
from tests.stores.meddling import Proxy

PAGE = ROOT / "docs" / "stores.md"
ROWS = pa.table({"amount": [1.0, 2.0, 3.0]})

pytestmark = pytest.mark.slow


@pytest.fixture
def bucket(s3_server: tuple[str, int], proxy: Proxy) -> Bucket:
    """The bucket of the page."""
    made = Bucket("bucket", s3_server)
    made._ask("PUT", "", b"")
    return made


@pytest.fixture
def named(bucket: Bucket, tmp_path: Path) -> Bucket:
    """The same with what the page names."""
    bucket.put_table("payments/day=2025-12-31/a.parquet", ROWS)
    bucket.put_table("payments/day=2026-01-01/a.parquet", ROWS)
    for _ in range(5):
        write_deltalake(tmp_path / "table", ROWS, mode="append")
    bucket.put_folder(tmp_path / "table", "tables/payments")
    return bucket


def test_the_page_is_true(named: Bucket, reading: Reading) -> None:
    """What it names is found: engines read such names elsewhere."""
    shell, program = blocks(PAGE)[:2]
    rows = []
    for command in commands(shell.text):
        words = command.words
        if words[1] == "serve":
            settings = Settings(data_roots=(words[words.index("--data-root") + 1],))
            check_source(f"{named.url}/acme/x", settings, SourceOwner("acme", alone=False))
            continue
        data = words[words.index("--data") + 1]
        if data.startswith("abfs://"):
            assert is_store_url(data) and parse_store_url(data).bucket == "container"
        else:
            rows.append(count(reading, data))

    def evaluate(_: str, dataset: Dataset) -> None:
        rows.append(count(reading, dataset.source))

    def make(backend: str, roots: tuple[str, ...]) -> AbstractContextManager[Any]:
        with Engine(backend, roots=roots):  # the page's arguments make an engine
            return contextlib.nullcontext(Mock(evaluate=evaluate))

    exec(compile(program.text, str(PAGE), "exec"), {"source": "", "Engine": make, "Dataset": Dataset})
    assert rows == [6, 3, 12, 6]


def count(reading: Reading, named: str) -> int:
    source = reading(named, reader="duckdb")
    try:
        return len(spooled(source, "amount"))
    finally:
        source.release()
