"""What fuzzing native answers has found stays mended; drawing and making smaller do what they say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.backends.native.backend import NativeSpark
from engine.backends.spark.backend import LocalSpark
from engine.frames.relations import read_files
from engine.spark.native.unproven import Unproven
from tests.fuzz.native import KEPT, Judge, smaller
from tests.spark.native.drawn import COLUMNS, TABLE_BYTES, Plan, table_of

_FOUND = sorted(KEPT.glob("found-*"))


@pytest.fixture(scope="module")
def judge(native_backend: NativeSpark, spark_backend: LocalSpark, native_dir: Path) -> Iterator[Judge]:
    folder = native_dir / "drawn"
    folder.mkdir()
    spark = spark_backend.open_session()
    yield Judge(native_backend, spark, folder)
    spark.close()


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize("path", _FOUND, ids=lambda path: path.name)
def test_what_was_found_is_mended(path: Path, judge: Judge) -> None:
    assert not judge.finding(path.read_bytes())


def test_every_byte_string_is_a_plan() -> None:
    source = read_files("parquet", ["/nowhere"])
    plans = {
        Plan(source, bytes([place, 0, 0, 1]) + bytes([place] * place)).relation().SerializeToString()
        for place in range(40)
    }
    assert len(plans) > 20
    for data in (b"", b"\0", b"\xff" * 300):
        assert Plan(source, data).relation().WhichOneof("rel_type")
        assert table_of(data).column_names == list(COLUMNS)


def test_findings_are_made_smaller() -> None:
    head = bytes(TABLE_BYTES)
    found = smaller(head + bytes(range(1, 100)), lambda data: 50 in data[TABLE_BYTES:])
    assert found[:TABLE_BYTES] == head
    assert found[TABLE_BYTES:].strip(b"\0") == b"\x32"
    assert len(found) < 30


def test_only_what_is_not_proven_is_refused(tmp_path: Path) -> None:
    """Whatever is drawn, the translator says that it is Spark's, or gives a query: it has no other end."""
    offline = Judge(None, None, tmp_path)  # type: ignore[arg-type]
    given = 0
    for place in range(150):
        data = bytes([17, 3, 0, place % 2]) + bytes((place * step * 7 + step) % 256 for step in range(60))
        try:
            given += bool(offline.query(data).sql)
        except Unproven:
            continue
    assert given > 10
