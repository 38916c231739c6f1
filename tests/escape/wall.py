"""A plugin of pytest: `pytest tests/escape` runs all that tests the wall, wherever it is.

The attempts are here; what tests a part of the wall is beside that part's other tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

PARTS = {
    "the language layer": ("tests/language", "tests/corpus/test_refused.py"),
    "the gateway, as if the worker were hostile": (
        "tests/hostile",
        "tests/contract",
        "tests/client/test_pyspark_patches.py",
        "tests/spark/plans",
        "tests/spark/text",
        "tests/snowflake/text",
        "tests/snowflake/metrics/test_hostile.py",
    ),
    "the kernel around the worker": ("tests/confine", "tests/engine/test_wall.py"),
    "the confinement of local servers, and the watch over them": (
        "tests/backends/spark/test_confinement.py",
        "tests/backends/local/test_network.py",
        "tests/backends/local/test_watchdog.py",
        "tests/engine/test_server_wall.py",
        "tests/engine/test_server_deaths.py",
    ),
    "tenants beside each other": (
        "tests/tenants",
        "tests/pool/test_priority.py",
        "tests/runs/test_admission.py",
        "tests/runs/test_limiters.py",
    ),
    "limits": ("tests/engine/test_limits.py", "tests/gateway/test_budget.py"),
    "what people look at, in a browser, too": (
        "tests/display/test_pages.py",
        "tests/display/test_saving.py",
        "tests/display/test_browser.py",
        "tests/service/test_pages.py",
        "tests/service/test_form.py",
        "tests/service/test_browser.py",
    ),
    "what is told": ("tests/engine/test_messages.py", "tests/cli/test_output.py"),
    "what fuzzing found and kept": ("tests/fuzz",),
    "levels of isolation": ("tests/engine/test_levels.py", "tests/cli/test_doctor.py"),
}


def with_parts(arguments: Sequence[str], folder: Path) -> list[str]:
    """What pytest was asked for, and the parts of the wall if that was this folder.

    Args:
        arguments: paths and test ids.
        folder: that they are relative to.
    """
    if all((folder / argument).resolve() != HERE for argument in arguments):
        return list(arguments)
    added = [str(ROOT / path) for paths in PARTS.values() for path in paths]
    return [*arguments, *(path for path in added if path not in arguments)]


def pytest_configure(config: pytest.Config) -> None:
    """Add the parts, in each process that runs tests: all are handed what the first was asked for."""
    config.args[:] = with_parts(config.args, config.invocation_params.dir)
