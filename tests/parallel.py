"""A plugin of pytest: which tests share a process when several run them, and in what order they come.

Tests of a file stay together, because they share fixtures. All tests on the shared Spark server stay
together, in one process: two servers would warm up beside each other for minutes. Only where so many of
them are slow that all else ends long before them are those of the corpora asked of a second one. Tests that
start Spark servers of their own, and wait for their deaths, share nothing with those, and go to another
process. All of Spark comes first, since it takes longest, and so do the files that start engines; what is
quick fills the end.

See `README.md` beside this file for how a test says that it is on Spark.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

try:
    from xdist.scheduler import LoadScopeScheduling
except ImportError:  # pytest -p no:xdist, or not installed
    LoadScopeScheduling = object

SPARK = "spark"
OWN_SPARK = "Spark servers of their own"
SECOND_SPARK = "spark, second server"
_MANY_SLOW = 200
_CORPORA = frozenset({"baselines", "corpus", "functions", "fusion", "native"})  # folders
_LONG = (SPARK, "timeout")  # marks of what starts servers, or may take longer than other tests
# Fixtures with which a file's tests start engines.
_ENGINES = frozenset({"native_backend", "worker_pool"})


# Where the processes write the groups, for the one that hands out tests and collects none. xdist's own way, a
# suffix of the test's id, is lost where pytest keeps ids elsewhere than xdist thinks.
FOLDER = pytest.StashKey[Path]()
_INPUT = "groups"


class ByFileOrGroup(LoadScopeScheduling):
    """Gives each process whole files, and one of them all of a group."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        self._groups: dict[str, str] | None = None

    def _split_scope(self, nodeid: str) -> str:
        if self._groups is None:  # all processes have collected when the first test is handed out
            written = next(self.config.stash[FOLDER].iterdir())
            self._groups = json.loads(written.read_text())
        return self._groups.get(nodeid) or nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFileOrGroup:
    """Replace xdist's own ways to hand out tests."""
    config.option.loadscopereorder = False  # the order that is chosen below
    return ByFileOrGroup(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a process where to write the groups."""
    if FOLDER not in node.config.stash:
        node.config.stash[FOLDER] = Path(tempfile.mkdtemp(prefix="calcmetric-groups-"))
    node.workerinput[_INPUT] = str(node.config.stash[FOLDER] / node.gateway.id)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what was written."""
    if FOLDER in config.stash:
        shutil.rmtree(config.stash[FOLDER], ignore_errors=True)


@pytest.hookimpl(tryfirst=True)  # before xdist says what was collected
def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the groups of the tests that are left after all selection."""
    written = getattr(session.config, "workerinput", {}).get(_INPUT)
    if written is not None:
        marks = {item.nodeid: item.get_closest_marker("xdist_group") for item in session.items}
        groups = {nodeid: mark.args[0] for nodeid, mark in marks.items() if mark is not None}
        slow = sum(groups.get(item.nodeid) == SPARK and _is_slow(item) for item in session.items)
        if slow > _MANY_SLOW:
            groups |= {
                nodeid: SECOND_SPARK
                for nodeid, group in groups.items()
                if group == SPARK and _CORPORA & set(nodeid.partition("::")[0].split("/"))
            }
        Path(written).write_text(json.dumps(groups))


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Find the tests that need the Spark server or root; group and order them."""
    for item in items:
        if "spark_backend" in getattr(item, "fixturenames", ()):
            item.add_marker(SPARK)
        spark = item.get_closest_marker(SPARK)
        if spark is not None:
            item.add_marker(pytest.mark.xdist_group(OWN_SPARK if spark.kwargs.get("own") else SPARK))
        if item.get_closest_marker("root") is not None and os.geteuid() != 0:
            item.add_marker(pytest.mark.skip(reason="needs root"))
    long = {
        item.path
        for item in items
        if any(map(item.get_closest_marker, _LONG)) or _ENGINES & set(getattr(item, "fixturenames", ()))
    }
    items.sort(key=lambda item: (item.get_closest_marker(SPARK) is None, item.path not in long))
