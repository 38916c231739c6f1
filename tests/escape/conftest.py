"""What becomes of the specimens that tests ask for.

All specimens that the session has chosen are run together with one set of layers, when the first of their
tests asks; each test then looks at its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.escape.canaries import Canaries
from tests.escape.observation import Observation
from tests.escape.scene_pair import ScenePair
from tests.escape.specimen import Specimen
from tests.escape.summary import SEEN, Seen


class Observations:
    """What was seen of the chosen specimens, run with the same layers as soon as one of them is asked for."""

    def __init__(self, scene_pair: ScenePair, chosen: dict[str, dict[str, Specimen]], seen: Seen) -> None:
        self.scene_pair = scene_pair
        self._chosen = chosen
        self._seen = seen
        self._found: dict[str, Mapping[str, Observation | BaseException]] = {}

    def observe(self, specimen: Specimen, ablation: str) -> Observation:
        """What was seen of a specimen with these layers on; see `Scene.run`."""
        if ablation not in self._found:
            self._found[ablation] = self.scene_pair.run(list(self._chosen[ablation].values()), ablation)
        observation = self._found[ablation][specimen.name]
        if isinstance(observation, BaseException):
            raise observation
        self._seen[specimen.name, ablation] = not observation.escaped
        return observation


@pytest.fixture(scope="session")
def canaries() -> Iterator[Canaries]:
    made = Canaries()
    yield made
    made.close()


@pytest.fixture(scope="module")
def observations(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Observations]:
    chosen: dict[str, dict[str, Specimen]] = {}
    items = request.session.items
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if item.path == request.path and {"ablation", "specimen"} <= parameters.keys():
            specimen = parameters["specimen"]
            chosen.setdefault(parameters["ablation"], {})[specimen.name] = specimen
    asks_spark = any(item.path == request.path and item.get_closest_marker("spark") for item in items)
    scene_pair = ScenePair(tmp_path_factory.mktemp("data"), spark=asks_spark)
    yield Observations(scene_pair, chosen, request.config.stash.setdefault(SEEN, {}))
    scene_pair.close()
