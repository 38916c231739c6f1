"""The hard table on each backend."""

from pathlib import Path

import pytest

from tests.frames.data import Asker
from tests.servers import BOTH

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spark, which takes a second for each, gets by default the first case only of a test that has many."""
    seen = set()
    for item in items:
        if not item.path.is_relative_to(HERE) or not isinstance(item, pytest.Function):
            continue
        if getattr(item, "callspec", None) and item.callspec.params.get("asker") == "spark":
            test = (item.path, item.originalname)
            if test in seen:
                item.add_marker(pytest.mark.slow)
            seen.add(test)


@pytest.fixture(scope="module", params=BOTH)
def asker(request, data_dir):
    asker = Asker(request.getfixturevalue(f"{request.param}_backend"), data_dir)
    yield asker
    asker.close()
