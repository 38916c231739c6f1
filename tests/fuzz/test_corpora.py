"""What fuzzing has found worth keeping is read again, in a few seconds and without the fuzzer."""

from __future__ import annotations

import pytest

from tests.fuzz.minimise import smallest
from tests.fuzz.settings import CORPUS, MOST_BYTES, MOST_FILES, SETTINGS
from tests.fuzz.targets import TARGETS
from tests.waiting import within


def test_every_target_has_settings() -> None:
    assert list(TARGETS) == list(SETTINGS)


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_of_the_corpus_is_a_finding(name: str) -> None:
    inputs = sorted((CORPUS / name).iterdir())
    assert 10 <= len(inputs) <= MOST_FILES + 10
    assert sum(path.stat().st_size for path in inputs) <= MOST_BYTES + 10_000
    with within(10):  # one for all of the largest corpus
        for path in inputs:
            TARGETS[name](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_and_noise_are_no_findings(name: str) -> None:
    for data in (b"", b"\0", b"\xff" * 300, bytes(range(256)), "\0é\u2028".encode()):
        TARGETS[name](data)


def test_a_corpus_is_made_small_without_losing_what_it_reaches() -> None:
    inputs = [path.read_bytes() for path in (CORPUS / "frames").iterdir()]
    chosen = smallest([*inputs, *(data + b"\0" for data in inputs)], TARGETS["frames"], SETTINGS["frames"])
    assert 0 < len(chosen) <= len(inputs)
    assert smallest(chosen, TARGETS["frames"], SETTINGS["frames"]) == chosen
