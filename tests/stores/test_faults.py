"""What goes wrong between here and an object store: told by name, nothing left behind, and a retry works."""

from __future__ import annotations

import io
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import DataError, Interrupted
from tests.sources.spooled import spooled
from tests.stores.conftest import KEYS, Bucket, Reading
from tests.stores.meddling import Meddle, Proxy, Rule, after, cutting, flipping, saying

OTHER = pa.table({"a": [7, 8, 9]})
WRONG = "t/1.parquet"


@pytest.mark.parametrize(
    ("meddle", "method", "code", "said"),
    [
        (saying(403, "AccessDenied"), "HEAD", "store-refused", "credentials"),
        (saying(403, "AccessDenied"), "GET", "store-refused", "credentials"),
        (saying(503, "SlowDown"), "GET", "store-failed", "4 times"),
        (saying(500, "InternalError"), "GET", "store-failed", "run it again"),
        (saying(404, "NoSuchKey"), "HEAD", "store-missing", "was not found"),
        (cutting, "GET", "store-failed", "nothing of it is kept"),
        (flipping, "GET", "store-bytes", "other bytes than its etag says"),
    ],
)
@pytest.mark.slow
def test_a_fault_that_stays_is_told_and_a_retry_works(
    filled: Bucket, reading: Reading, proxy: Proxy, meddle: Meddle, method: str, code: str, said: str
) -> None:
    proxy.rules.append(Rule(meddle, WRONG, method))
    with pytest.raises(DataError, match=said) as caught:
        reading(f"{filled.url}/t")
    assert caught.value.code == code
    assert f"{filled.url}/{WRONG}" in str(caught.value) and f"{filled.url}/t: " in str(caught.value)
    assert "1.parquet" not in reading.files
    assert sum(len(list(one.iterdir())) == 0 for one in (reading.spool.folder / "fetched").iterdir()) == 0
    proxy.rules.clear()
    source = reading(f"{filled.url}/t")
    assert spooled(source) == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    source.release()


@pytest.mark.parametrize(
    "meddle",
    [
        flipping,
        cutting,
        pytest.param(saying(503, "SlowDown"), marks=pytest.mark.slow),
        pytest.param(saying(500, "InternalError"), marks=pytest.mark.slow),
    ],
)
def test_a_fault_that_passes_is_not_noticed(
    filled: Bucket, reading: Reading, proxy: Proxy, meddle: Meddle
) -> None:
    proxy.rules.append(Rule(meddle, WRONG, times=2))
    assert spooled(reading(f"{filled.url}/t")) == [1, 1, 1, 2, 2, 2, 3, 3, 3]


@pytest.mark.slow
def test_a_bucket_that_refuses_to_be_listed_is_told(filled: Bucket, reading: Reading, proxy: Proxy) -> None:
    proxy.rules.append(Rule(saying(403, "AccessDenied"), "list-type=2"))
    with pytest.raises(DataError, match="credentials") as caught:
        reading(f"{filled.url}/t")
    assert caught.value.code == "store-refused" and not reading.files


@pytest.mark.slow
def test_an_object_that_is_replaced_while_it_is_fetched_is_an_error(
    filled: Bucket, reading: Reading, proxy: Proxy
) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": range(1000)}), sink)
    proxy.rules.append(Rule(after(lambda: filled.put(WRONG, sink.getvalue())), WRONG, "HEAD", times=1))
    with pytest.raises(DataError, match="replaced while it was fetched") as caught:
        reading(f"{filled.url}/t")
    assert caught.value.code == "store-changed"
    assert len(spooled(reading(f"{filled.url}/t"))) == 1006


@pytest.mark.slow
def test_etags_that_are_no_digests_can_be_told_of(
    filled: Bucket, reading: Reading, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of a bucket with keys of its own, where all fetches give the same bytes."""
    monkeypatch.setenv("CALCMETRIC_ETAGS", "opaque")
    source = reading(f"{filled.url}/t")
    filled.put_table(WRONG, OTHER)
    again = reading(f"{filled.url}/t")
    assert spooled(source) == [1, 1, 1, 2, 2, 2, 3, 3, 3]  # which is still in use
    assert spooled(again) == [1, 1, 2, 2, 3, 3, 7, 8, 9]
    source.release()
    assert len(reading.files) == 3


def test_a_spool_that_is_full_is_told_before_anything_is_fetched(
    filled: Bucket, make_reading: Callable[..., Reading], proxy: Proxy
) -> None:
    reading = make_reading(900)
    with pytest.raises(DataError, match=r"the spool may hold 900, .*raise spool_bytes") as caught:
        reading(f"{filled.url}/t")
    assert caught.value.code == "store-full" and not reading.files and not reading.fetched.bytes
    one = reading(f"{filled.url}/{KEYS[0]}")
    with pytest.raises(DataError, match="are taken"):  # by a run that goes on
        reading(f"{filled.url}/{KEYS[1]}")
    one.release()
    assert spooled(reading(f"{filled.url}/{KEYS[1]}")) == [1, 2, 3]
    assert reading.files == ["1.parquet"]  # the other one made room


@pytest.mark.slow
def test_a_run_that_is_cancelled_leaves_nothing(filled: Bucket, reading: Reading, proxy: Proxy) -> None:
    def check() -> None:
        if any(method == "GET" and WRONG in path for method, path in proxy.asked):
            raise Interrupted("cancelled")

    proxy.rules.append(Rule(saying(503, "SlowDown"), WRONG))
    with pytest.raises(Interrupted):
        reading(f"{filled.url}/t", check=check)
    assert "1.parquet" not in reading.files


@pytest.mark.slow
def test_a_disk_without_room_is_told(
    filled: Bucket, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    (reading.spool.folder / "fetched").write_text("in the way")
    with pytest.raises(DataError, match="TMPDIR") as caught:
        reading(f"{filled.url}/t")
    assert caught.value.code == "store-full" and not reading.fetched.bytes
