"""Every specimen, with every layer on: none gets out, and each ends as a result that says so."""

import pytest

from engine.models.result import STATUSES
from tests.escape.specimen import BACKEND, load_all

pytestmark = pytest.mark.sail
SPECIMENS = load_all()


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.name)
def test_nothing_escapes(stage, specimen):
    seen = stage.run(specimen)
    assert seen.status in {*STATUSES, "source-refused"}, seen
    assert not seen.faults, seen
    if specimen.known_hole:
        assert seen.escaped, "the hole is closed: take the line away"
    else:
        assert not seen.escaped, seen
    if BACKEND in specimen.stopped_by:
        assert seen.status in ("refused", "source-refused"), seen


def test_no_process_is_left(stage):
    assert not stage.scene().has_strangers()


def test_an_honest_metric_still_gets_its_number(stage):
    assert stage.scene().evaluate_honest()
