"""The hard table on each backend."""

import pytest

from tests.frames.data import Asker


@pytest.fixture(
    scope="module",
    params=[pytest.param("sail", marks=pytest.mark.sail), pytest.param("spark", marks=pytest.mark.spark)],
)
def asker(request, data_dir):
    asker = Asker(request.getfixturevalue(f"{request.param}_backend"), data_dir)
    yield asker
    asker.close()
