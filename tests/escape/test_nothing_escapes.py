"""Every specimen, with every layer on: none gets out, and each ends as a result that says so."""

import pytest

from engine.models.result import STATUSES
from tests.escape.specimen import BACKEND, load_all

# The first test runs all specimens that are chosen: every twelfth, or all in the slow run.
pytestmark = pytest.mark.timeout(900)
SPECIMENS = load_all()


def marks_of(number: int) -> list[pytest.MarkDecorator]:
    """By default what gets through to Spark kills a server that is there instead."""
    return [] if number % 12 == 0 else [pytest.mark.slow, pytest.mark.spark(own=True)]


@pytest.mark.parametrize(
    ("ablation", "specimen"),
    [
        pytest.param("all", specimen, id=specimen.name, marks=marks_of(number))
        for number, specimen in enumerate(SPECIMENS)
    ],
)
def test_nothing_escapes(observations, ablation, specimen):
    seen = observations.observe(specimen, ablation)
    assert seen.status in {*STATUSES, "source-refused"}, seen
    assert not seen.faults, seen
    if specimen.known_hole:
        assert seen.escaped, "the hole is closed: take the line away"
    else:
        assert not seen.escaped, seen
    if BACKEND in specimen.stopped_by:
        assert seen.status in ("refused", "source-refused"), seen


def test_no_process_is_left(observations):
    scenes = observations.scene_pair.open("all")
    assert scenes and not observations.scene_pair.has_strangers()


def test_an_honest_metric_still_gets_its_number(observations):
    assert all(scene.evaluate_honest() for scene in observations.scene_pair.open("all"))
