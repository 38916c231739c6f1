"""An engine works at the level of isolation that it requires, or above, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import IsolationError, UsageError
from engine.backends.native.backend import NativeSpark
from sandbox.contract.messages import Problem
from tests.confine import stand_in
from tests.confine.harness import Job, run_confined
from tests.confine.replaced import replace_zygote
from tests.servers import engine_on

SOURCE = "def calc_metric(df):\n    return 1\n"
Check = Callable[[Any], tuple[Problem, ...]]


@pytest.fixture
def check_with(native_backend: NativeSpark, spool_dir: Path) -> Check:
    """Checks a source with an engine that requires a level."""

    def check(isolation: Any) -> tuple[Problem, ...]:
        with engine_on(native_backend, spool_dir, isolation=isolation) as engine:
            return engine.check(SOURCE)

    return check


def test_the_highest_level_is_reached_where_the_host_permits(check_with):
    if run_confined(Job()).level != "full":
        pytest.skip("this host permits no namespaces")
    assert check_with("full") == ()


def test_below_the_required_level_nothing_runs_and_both_levels_are_named(check_with, monkeypatch):
    replace_zygote(monkeypatch, stand_in.__file__, "unshare", "EPERM")
    with pytest.raises(IsolationError, match=r"level .landlock., but .full. is required.*calcmetric doctor"):
        check_with("full")
    assert check_with("landlock") == ()


@pytest.mark.parametrize(
    ("call", "named"),
    [("landlock_create_ruleset", "Landlock is missing"), ("seccomp", "seccomp filters are missing")],
)
def test_without_a_wall_no_level_is_reached_and_the_protection_is_named(check_with, monkeypatch, call, named):
    replace_zygote(monkeypatch, stand_in.__file__, call, "ENOSYS")
    with pytest.raises(IsolationError, match=named):
        check_with("landlock")


def test_the_weaker_mode_must_be_asked_for_loudly(check_with):
    for isolation in ("none", "unconfined", "", None):
        with pytest.raises(UsageError, match="unconfined-for-my-own-code-only"):
            check_with(isolation)
    assert check_with("unconfined-for-my-own-code-only") == ()
