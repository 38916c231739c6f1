"""Every specimen with every layer off, which shows that it is a real attempt, and with each layer alone.

What is seen must be what its header claims, so that the table made of the headers is true. All of it runs on
Spark with native answers. CI tries a twenty-fourth of them with each layer, and others with the next.
"""

import pytest

from tests.escape.specimen import BACKEND, LAYERS, load_all
from tests.tiers import DEEP

# The first test of each set of layers runs all specimens with it.
pytestmark = [pytest.mark.slow, pytest.mark.spark(own=True), pytest.mark.timeout(900)]
SPECIMENS = load_all()
CASES = [
    pytest.param(ablation, specimen, id=f"{ablation}-{specimen.name}", marks=DEEP if place % 24 else ())
    for turn, ablation in enumerate(("none", *LAYERS))
    for place, specimen in enumerate(SPECIMENS, turn)
    if specimen.runs_under(ablation)
]


@pytest.mark.parametrize(("ablation", "specimen"), CASES)
def test_header_is_what_is_seen(observations, ablation, specimen):
    seen = observations.observe(specimen, ablation)
    if (ablation, specimen.goal) == ("worker", "host") and not observations.scene_pair.scenes[
        0
    ].hides_the_host():
        pytest.skip("without namespaces a worker can see what machine it is on")
    assert seen.status != "exception", seen
    assert specimen.is_stopped_under(ablation) == (not seen.escaped), seen
    if ablation == "none" and not specimen.stopped_always:
        assert specimen.goal in seen.escaped, seen


REFUSED = [specimen for specimen in SPECIMENS if BACKEND in specimen.stopped_by]


@pytest.mark.parametrize(
    ("ablation", "specimen"), [pytest.param("gateway", specimen, id=specimen.name) for specimen in REFUSED]
)
def test_what_the_backend_cannot_do_is_refused_by_the_gateway(observations, ablation, specimen):
    seen = observations.observe(specimen, ablation)
    assert not seen.escaped and seen.status == "refused", seen
