"""An engine works at the level of isolation that it requires, or above, or not at all."""

from __future__ import annotations

import pytest

from engine import Engine, IsolationError, UsageError
from tests.confine import stand_in
from tests.confine.harness import Job, run_confined
from tests.confine.replaced import replace_zygote

pytestmark = pytest.mark.sail

SOURCE = "def calc_metric(df):\n    return 1\n"


def check_with(folder, isolation: str) -> tuple:
    with Engine("sail", roots=(folder,), isolation=isolation) as engine:
        return engine.check(SOURCE)


def test_the_highest_level_is_reached_where_the_host_permits(tmp_path):
    if run_confined(Job()).level != "full":
        pytest.skip("this host permits no namespaces")
    assert check_with(tmp_path, "full") == ()


def test_below_the_required_level_nothing_runs_and_both_levels_are_named(tmp_path, monkeypatch):
    replace_zygote(monkeypatch, stand_in.__file__, "unshare", "EPERM")
    with pytest.raises(IsolationError, match=r"level .landlock., but .full. is required.*calcmetric doctor"):
        check_with(tmp_path, "full")
    assert check_with(tmp_path, "landlock") == ()


@pytest.mark.parametrize(
    ("call", "named"),
    [("landlock_create_ruleset", "Landlock is missing"), ("seccomp", "seccomp filters are missing")],
)
def test_without_a_wall_no_level_is_reached_and_the_protection_is_named(tmp_path, monkeypatch, call, named):
    replace_zygote(monkeypatch, stand_in.__file__, call, "ENOSYS")
    with pytest.raises(IsolationError, match=named):
        check_with(tmp_path, "landlock")


def test_the_weaker_mode_must_be_asked_for_loudly(tmp_path):
    for isolation in ("none", "unconfined", "", None):
        with pytest.raises(UsageError, match="unconfined-for-my-own-code-only"):
            check_with(tmp_path, isolation)
    assert check_with(tmp_path, "unconfined-for-my-own-code-only") == ()
