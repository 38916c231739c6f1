"""One engine for each set of layers, one after the other, and the table of what was seen at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.escape.canaries import Canaries
from tests.escape.judge import Observation
from tests.escape.scene import Scene
from tests.escape.specimen import Specimen
from tests.escape.table import write_table

_SEEN = pytest.StashKey[dict[tuple[str, str], tuple[Specimen, Observation]]]()


class Watch:
    """Runs specimens in one scene, and keeps what was seen for the table."""

    def __init__(self, scene: Scene, seen: dict[tuple[str, str], tuple[Specimen, Observation]]) -> None:
        self.scene = scene
        self.processes = scene.count_processes()
        self._seen = seen

    def run(self, specimen: Specimen) -> Observation:
        """Run one; see `Scene.run`."""
        observation = self.scene.run(specimen)
        self._seen[specimen.name, self.scene.ablation] = specimen, observation
        return observation


@pytest.fixture(scope="session")
def canaries() -> Iterator[Canaries]:
    made = Canaries()
    yield made
    made.close()


@pytest.fixture(scope="module")
def watch(request: pytest.FixtureRequest, canaries: Canaries, tmp_path_factory: pytest.TempPathFactory):
    """The scene of the ablation that the test names by its indirect parameter; all layers without one."""
    ablation = getattr(request, "param", "all")
    folder: Path = tmp_path_factory.mktemp(f"data-{ablation}")
    scene = Scene(ablation, canaries, folder)
    yield Watch(scene, request.config.stash.setdefault(_SEEN, {}))
    scene.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table of attempts, as far as they were made in this session."""
    seen = config.stash.get(_SEEN, {})
    specimens = {name: specimen for (name, _), (specimen, _) in seen.items()}
    if not specimens:
        return

    def was_stopped(specimen: Specimen, ablation: str) -> bool | None:
        found = seen.get((specimen.name, ablation))
        return None if found is None else not found[1].escaped

    terminalreporter.section("attempts to escape, and how many were seen to be stopped")
    terminalreporter.write_line(write_table(specimens.values(), was_stopped))
