"""What only Spark can do, on Spark: with every layer off, and with the gateway or the server's layer alone.

The other specimens do the same whatever the backend is, or are seen to be stopped on Sail, which can do them.
"""

import pytest

from tests.escape.specimen import BACKEND, load_all
from tests.escape.troupe import Troupe

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(900)]
SPECIMENS = [specimen for specimen in load_all() if BACKEND in specimen.stopped_by]


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    troupe = Troupe(tmp_path_factory.mktemp("data"), "spark")
    yield {name: troupe.run(SPECIMENS, name) for name in ("none", "gateway", "server")}
    troupe.close()


@pytest.mark.parametrize("ablation", ["gateway", "server"])
def test_the_gateway_and_the_server_alone_stop_it(seen, ablation):
    assert {
        name: one for name, one in seen[ablation].items() if isinstance(one, Exception) or one.escaped
    } == {}


def test_most_of_it_works_where_nothing_stops_it(seen):
    for name, one in seen["none"].items():
        print(name, one)
    assert sum(bool(one.escaped) for one in seen["none"].values()) > 10
