"""Answers that are held whole leave nothing behind, whatever becomes of them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from engine.backends.native import spill_buffer
from engine.backends.native.spill_buffer import SpillBuffer

PART = pa.table({"a": list(range(1_000))})


@pytest.fixture(autouse=True)
def _little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill_buffer, "_IN_MEMORY", 3 * PART.nbytes)


@pytest.mark.parametrize("parts", [1, 3, 4, 10])
def test_an_answer_comes_whole_from_memory_or_from_a_file_without_a_name(parts: int, tmp_path: Path) -> None:
    with SpillBuffer(tmp_path) as answer:
        for _ in range(parts):
            answer.add(PART)
        assert bool(list(tmp_path.iterdir())) == (parts > 3)
        table = answer.table()
    assert list(tmp_path.iterdir()) == []
    assert table.equals(pa.concat_tables([PART] * parts))


def test_a_file_that_cannot_be_ended_is_removed_and_the_first_error_stands(tmp_path: Path) -> None:
    class Full:
        def close(self) -> None:
            raise OSError("no space left on device")

    with pytest.raises(ValueError, match="first"), SpillBuffer(tmp_path) as answer:
        for _ in range(4):
            answer.add(PART)
        answer._writer = Full()
        raise ValueError("first")
    assert list(tmp_path.iterdir()) == []
