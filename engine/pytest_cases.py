"""Tests of metrics under pytest: `pytest -p engine.pytest_cases`, or the same name in `pytest_plugins`.

Each NAME.case.toml that pytest finds is one test. `CALCMETRIC_TEST_BACKEND` and `CALCMETRIC_TEST_IMPORTS` say
what `--backend` and `--imports` of `calcmetric test` do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.api import Engine
from engine.cli.cases import SUFFIX, read_case, run_case

_ENGINES = pytest.StashKey[dict[Path, Engine]]()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Every file of a test of a metric."""
    if not file_path.name.endswith(SUFFIX):
        return None
    made: pytest.Collector = _CaseFile.from_parent(parent, path=file_path)
    return made


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the engines."""
    for engine in config.stash.get(_ENGINES, {}).values():
        engine.close()


class _CaseFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        yield _CaseItem.from_parent(self, name=self.path.name.removesuffix(SUFFIX))


class _CaseItem(pytest.Item):
    def runtest(self) -> None:
        case = read_case(self.path)
        wrong = run_case(self._engine(case.path.parent), case)
        if wrong:
            pytest.fail("\n".join(wrong), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name

    def _engine(self, folder: Path) -> Engine:
        engines: dict[Path, Engine] = self.config.stash.setdefault(_ENGINES, {})
        if folder not in engines:
            options: dict[str, Any] = {"roots": (folder,)}
            if imports := os.environ.get("CALCMETRIC_TEST_IMPORTS"):
                options["extra_imports"] = tuple(imports.split())
            engines[folder] = Engine(os.environ.get("CALCMETRIC_TEST_BACKEND", "spark"), **options)
        return engines[folder]
