"""Each step of a worker's confinement: where it fails, or silently does nothing, no guest runs.

The steps are those of the list itself, so that a new one is tested like the others.
"""

from __future__ import annotations

import functools
import itertools
from pathlib import Path
from typing import Any

import pytest

from engine import IsolationError
from engine.backends.native.backend import NativeSpark
from sandbox.confine.steps import STEPS
from tests.confine import stand_in
from tests.confine.harness import Job, run_each
from tests.confine.replaced import replace_zygote
from tests.servers import engine_on

GUEST = "say('the guest ran')"
# Somewhere else than where a worker must be, so that not going there can be seen.
ELSEWHERE = "import os; os.chdir('/usr')"
# As root a worker becomes nobody, and thereby loses its capabilities; where it cannot, it must drop them.
SCENES: dict[str, dict[str, Any]] = {
    "full": {},
    "no namespaces": {"namespaces": False},
    "no other user": {"namespaces": False, "keeps_user": True},
}
# Where leaving a step out changes nothing, and why.
HELD_BY_OTHERS = {
    "capabilities": {"full", "no namespaces"},  # becoming another user takes them away
    "no core dumps, no tracing": {"full", "no namespaces"},  # so does this
    "user": {"no namespaces", "no other user"},  # there is nothing to do where nobody cannot read Python
}
# Steps that a later one cannot do without.
NOTICED_BY_NEXT = {"no new privileges": "Landlock failed"}
NAMES = [step.name for step in STEPS]


@functools.cache
def run_broken(scene: str) -> dict[tuple[str, str], list[str]]:
    """What workers said, each with one step broken in one way; ("", "") with none."""
    breaks = [("", ""), *itertools.product(NAMES, ("fail", "drop"))]
    jobs = [
        Job(GUEST, preload=ELSEWHERE, broken={name: how} if name else {}, **SCENES[scene])
        for name, how in breaks
    ]
    endings = run_each(jobs)
    return {key: [ending.error, *ending.said] for key, ending in zip(breaks, endings, strict=True)}


@pytest.mark.parametrize("scene", SCENES)
def test_the_guest_runs_where_no_step_is_broken(scene: str) -> None:
    assert run_broken(scene)["", ""] == ["", "the guest ran"]


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("name", NAMES)
def test_no_guest_runs_where_a_step_fails(name: str, scene: str) -> None:
    said = run_broken(scene)[name, "fail"]
    assert "ConfinementError" in said[0] and "the guest ran" not in said


@pytest.mark.root  # an ordinary user has less to give up
@pytest.mark.parametrize("name", NAMES)
def test_no_guest_runs_where_a_step_was_left_out(name: str) -> None:
    """Noticed in one of the scenes at least: in some, another step does the same."""
    said = [run_broken(scene)[name, "drop"] for scene in SCENES]
    noticed = f"'{name}' of the confinement did not take hold"
    assert any(noticed in one[0] or NOTICED_BY_NEXT.get(name, noticed) in one[0] for one in said), said
    ran = [scene for scene, one in zip(SCENES, said, strict=True) if "the guest ran" in one]
    assert set(ran) <= HELD_BY_OTHERS.get(name, set()), ran


@pytest.mark.parametrize(("name", "how"), [("files", "fail"), ("system calls", "drop")])
def test_the_engine_refuses_to_run_where_a_worker_cannot_be_confined(
    name: str, how: str, monkeypatch: pytest.MonkeyPatch, native_backend: NativeSpark, spool_dir: Path
) -> None:
    replace_zygote(monkeypatch, stand_in.__file__, name, how)
    with (
        engine_on(native_backend, spool_dir) as broken,
        pytest.raises(IsolationError, match="confined"),
    ):
        broken.check("def calc_metric(df):\n    return 1\n")
