"""One engine for each set of layers, one after the other."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.escape.canaries import Canaries
from tests.escape.judge import Observation
from tests.escape.scene import Scene
from tests.escape.specimen import Specimen
from tests.escape.summary import SEEN, Seen


class Stage:
    """One scene at a time: tests come in the order of ablations, and an engine is costly."""

    def __init__(self, canaries: Canaries, folder: Path, seen: Seen) -> None:
        self._canaries = canaries
        self._folder = folder
        self._seen = seen
        self._scene: Scene | None = None

    def scene(self, ablation: str = "all") -> Scene:
        """The scene with these layers on."""
        if self._scene is None or self._scene.ablation != ablation:
            self.close()
            self._scene = Scene(ablation, self._canaries, Path(tempfile.mkdtemp(dir=self._folder)))
        return self._scene

    def run(self, specimen: Specimen, ablation: str = "all") -> Observation:
        """Run a specimen, and keep what was seen for the table; see `Scene.run`."""
        observation = self.scene(ablation).run(specimen)
        self._seen[specimen.name, ablation] = not observation.escaped
        return observation

    def close(self) -> None:
        """End the scene."""
        if self._scene is not None:
            self._scene.close()
        self._scene = None


@pytest.fixture(scope="session")
def canaries() -> Iterator[Canaries]:
    made = Canaries()
    yield made
    made.close()


@pytest.fixture(scope="module")
def stage(
    request: pytest.FixtureRequest, canaries: Canaries, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    made = Stage(canaries, tmp_path_factory.mktemp("data"), request.config.stash.setdefault(SEEN, {}))
    yield made
    made.close()
