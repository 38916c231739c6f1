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


@pytest.mark.parametrize(("watch", "specimen"), CASES, indirect=["watch"])
def test_header_is_what_is_seen(watch, specimen):
    seen = watch.run(specimen)
    assert seen.status != "exception", seen
    assert specimen.is_stopped_under(watch.scene.ablation) == (not seen.escaped), seen
    if watch.scene.ablation == "none" and not specimen.stopped_always:
        assert specimen.goal in seen.escaped, seen


REFUSED = [specimen for specimen in SPECIMENS if BACKEND in specimen.stopped_by]


@pytest.mark.parametrize("watch", ["gateway"], indirect=True)
@pytest.mark.parametrize("specimen", REFUSED, ids=lambda specimen: specimen.name)
def test_what_only_spark_can_do_is_refused_by_the_gateway(watch, specimen):
    seen = watch.run(specimen)
    assert not seen.escaped and seen.status == "refused", seen
