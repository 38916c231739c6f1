"""The hard table on each backend."""

import pytest

from tests.frames.data import Asker
from tests.servers import NATIVE


@pytest.fixture(scope="module", params=NATIVE)
def asker(request, data_dir):
    asker = Asker(request.getfixturevalue(f"{request.param}_backend"), data_dir)
    yield asker
    asker.close()
