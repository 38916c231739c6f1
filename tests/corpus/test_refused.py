"""What a metric must not do is refused, with a code, and with a text that names the thing and the way out.

Each file in `refused/` begins with two lines: the codes that it may be refused with (more than one where
two layers both stand in the way), and a word that the message or the hint must hold.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine import Dataset, Engine, SourceRefused
from tests.corpus.frames import HERE

PATHS = sorted((HERE / "refused").glob("*.py"))
PAYMENTS = HERE.parents[1] / "examples" / "payments.parquet"


@pytest.fixture(scope="module")
def payments(data_dir: Path) -> Dataset:
    """The sample, where the shared servers may read it."""
    return Dataset(shutil.copy(PAYMENTS, data_dir / "refused.parquet"), timestamp="ts")


def read_header(path: Path) -> tuple[frozenset[str], str]:
    """The codes, and the word to look for."""
    codes, names = path.read_text().splitlines()[:2]
    assert codes.startswith("# code: ")
    assert names.startswith("# names: ")
    return frozenset(codes.removeprefix("# code: ").split()), names.removeprefix("# names: ")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_is_refused_and_says_why(path: Path, native_engine: Engine, payments: Dataset) -> None:
    codes, word = read_header(path)
    try:
        result = native_engine.evaluate(path.read_text(), payments).overall
    except SourceRefused as refusal:
        errors = [problem for problem in refusal.problems if problem.severity == "error"]
        refusals = [(error.code, error.message, error.hint) for error in errors]
    else:
        assert result.status == "refused", result
        assert result.error is not None
        refusals = [(result.error.code, result.error.message, result.error.hint)]
    code, message, hint = refusals[0]
    assert code in codes, refusals
    assert message
    assert hint, refusals
    assert word.lower() in f"{message} {hint}".lower(), refusals
