"""Results that are appended to tables in an object store."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from deltalake import DeltaTable

from engine.errors import DataError
from tests.display.shown import run_of
from tests.sources.spooled import spooled
from tests.stores.conftest import Bucket, Reading
from tests.stores.meddling import Proxy, Rule, saying

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("form", ["delta", "parquet"])
def test_runs_are_appended_each_once_and_read_again(
    bucket: Bucket, reading: Reading, proxy: Proxy, form: str
) -> None:
    target = f"{form}:{bucket.url}/out/results"
    for number in (1, 2, 1):
        run_of(number, "DE").save(target)
    source = reading(f"{bucket.url}/out/results")
    assert len(spooled(source, "run_id")) == 4
    source.release()


@pytest.mark.parametrize("form", ["delta", "parquet"])
def test_what_another_wrote_first_is_not_written_again(
    bucket: Bucket, reading: Reading, proxy: Proxy, form: str, wrapped: Callable[[str, int], None]
) -> None:
    """As two workers may that both found the run missing."""
    target = f"{form}:{bucket.url}/results"
    run_of(1).save(target)
    wrapped(target, 2)
    run_of(2).save(target)
    source = reading(f"{bucket.url}/results")
    assert sorted(spooled(source, "run_id")) == [run_of(1).id, run_of(2).id]


@pytest.fixture
def wrapped(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Saves a run elsewhere once a table is opened, just before it is written to."""

    def arrange(target: str, number: int) -> None:
        found = DeltaTable.transaction_version
        done: list[int] = []

        def look(table: DeltaTable, key: str) -> int | None:
            seen = found(table, key)
            if not done:
                done.append(number)
                run_of(number).save(target)
            return seen

        monkeypatch.setattr(DeltaTable, "transaction_version", look)

    return arrange


@pytest.mark.parametrize("form", ["delta", "parquet"])
@pytest.mark.parametrize(
    ("status", "said", "code"),
    [(403, "AccessDenied", "store-refused"), (404, "NoSuchBucket", "store-missing")],
)
def test_a_store_that_refuses_is_told_without_secrets(
    bucket: Bucket, proxy: Proxy, form: str, status: int, said: str, code: str
) -> None:
    target = f"{form}:{bucket.url}/results"
    proxy.rules += [
        Rule(saying(status, said), bucket.name, method) for method in ("GET", "HEAD", "PUT", "POST")
    ]
    with pytest.raises(DataError) as caught:
        run_of(1).save(target)
    assert caught.value.code == code and target in str(caught.value)
    assert "a-secret-of-the-tests" not in str(caught.value) and "\n" not in str(caught.value)
    proxy.rules.clear()
    run_of(1).save(target)
    run_of(1).save(target)


def test_a_put_that_fails_leaves_nothing_and_a_retry_works(
    bucket: Bucket, reading: Reading, proxy: Proxy
) -> None:
    for form in ("delta", "parquet"):
        target = f"{form}:{bucket.url}/{form}"
        proxy.rules += [Rule(saying(403, "AccessDenied"), f"{form}/", method) for method in ("PUT", "POST")]
        with pytest.raises(DataError):
            run_of(1).save(target)
        proxy.rules.clear()
        run_of(1).save(target)
        source = reading(f"{bucket.url}/{form}")
        assert spooled(source, "run_id") == [run_of(1).id]
        source.release()
