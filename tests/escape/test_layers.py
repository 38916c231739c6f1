"""Every specimen with every layer off, which shows that it is a real attempt, and with each layer alone.

What is seen must be what its header claims, so that the table made of the headers is true.
"""

import pytest

from tests.escape.specimen import BACKEND, LAYERS, load_all

pytestmark = [pytest.mark.sail, pytest.mark.slow]
SPECIMENS = load_all()
CASES = [
    pytest.param(ablation, specimen, id=f"{ablation}-{specimen.name}")
    for ablation in ("none", *LAYERS)
    for specimen in SPECIMENS
    if specimen.runs_under(ablation)
]


@pytest.mark.parametrize(("ablation", "specimen"), CASES)
def test_header_is_what_is_seen(stage, ablation, specimen):
    if (ablation, specimen.goal) == ("worker", "host") and not stage.scene(ablation).hides_the_host():
        pytest.skip("without namespaces a worker can see what machine it is on")
    seen = stage.run(specimen, ablation)
    assert seen.status != "exception", seen
    assert specimen.is_stopped_under(ablation) == (not seen.escaped), seen
    if ablation == "none" and not specimen.stopped_always:
        assert specimen.goal in seen.escaped, seen


REFUSED = [specimen for specimen in SPECIMENS if BACKEND in specimen.stopped_by]


@pytest.mark.parametrize("specimen", REFUSED, ids=lambda specimen: specimen.name)
def test_what_only_spark_can_do_is_refused_by_the_gateway(stage, specimen):
    seen = stage.run(specimen, "gateway")
    assert not seen.escaped and seen.status == "refused", seen
