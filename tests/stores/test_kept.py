"""Which kept files are used again without asking for their etags: those whose objects surely are the same."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

from engine.models.urls import parse_store_url
from engine.sources.stores.fetched import FetchedObjects, StoredObject

WRITTEN = 1_000_000.0
URL = parse_store_url("s3://bucket/a.parquet")


class OneObject:
    """A store with one object."""

    def __init__(self) -> None:
        self.data, self.asked = b"old", 0

    def open_input_stream(self, path: str) -> Any:
        return self._opened()

    def open_input_file(self, path: str) -> Any:
        self.asked += 1
        return self._opened()

    def _opened(self) -> Any:
        told = {"ETag": hashlib.md5(self.data, usedforsecurity=False).hexdigest()}
        opened = io.BytesIO(self.data)
        opened.metadata = lambda: told  # type: ignore[attr-defined]
        return opened


class Kept:
    """What is fetched of it at a time that the test chooses."""

    def __init__(self, folder: Path) -> None:
        self.store, self.now = OneObject(), 0.0
        self._fetched = FetchedObjects(folder, clock=lambda: WRITTEN + self.now, steady=lambda: self.now)

    def read(self, now: float, changed: float | None = WRITTEN) -> tuple[bytes, int]:
        """The bytes at a time, and how often the store was asked for the etag."""
        self.now, before = now, self.store.asked
        held = self._fetched.hold([StoredObject(URL, 3, changed)], self.store, "data")
        found = held.paths[0].read_bytes()
        held.release()
        return found, self.store.asked - before


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_an_etag_that_was_told_well_after_the_listing_is_asked_for_no_more(kept: Kept) -> None:
    assert [kept.read(now) for now in (0.0, 1.0, 7.0, 8.0)] == [(b"old", told) for told in (0, 1, 1, 0)]


def test_an_object_that_is_replaced_within_its_second_is_found(kept: Kept) -> None:
    kept.read(0.0)
    kept.store.data = b"new"  # under the same time, as stores tell whole seconds
    assert kept.read(1.0) == (b"new", 1)
    assert kept.read(2.0) == (b"new", 1)  # it may have been replaced once more
    assert kept.read(9.0) == (b"new", 1)
    assert kept.read(10.0) == (b"new", 0)


def test_an_object_that_is_written_anew_with_the_same_bytes_is_young_again(kept: Kept) -> None:
    for now in (0.0, 7.0):
        kept.read(now)
    assert [kept.read(now, WRITTEN + 20) for now in (20.0, 21.0, 28.0, 29.0)] == [
        (b"old", asked) for asked in (1, 1, 1, 0)
    ]


def test_an_object_without_a_time_is_always_asked_for(kept: Kept) -> None:
    assert [kept.read(now, None)[1] for now in (0.0, 7.0, 3_600.0)] == [0, 1, 1]


def test_an_old_object_is_not_asked_for(kept: Kept) -> None:
    assert [kept.read(now)[1] for now in (1_000.0, 1_001.0)] == [0, 0]
