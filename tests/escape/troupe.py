"""Two scenes with the same layers on, each with canaries of its own, so that attempts run two at a time.

Nothing that a specimen can reach is in both: engine, server, data, sockets, the process to be harmed and the
mark of its children are those of its own scene. What the engines log is told to both.
"""

from __future__ import annotations

import queue
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from tests.escape.canaries import Canaries
from tests.escape.judge import Observation
from tests.escape.scene import Scene
from tests.escape.specimen import Specimen

_SCENES = 2
_ENDING_SECONDS = 8.0
# A zygote with Snowpark, the process around it, and its worker: they come when somebody first asks for them.
_LATER = 3


class Troupe:
    """Runs specimens with one set of layers after the other: an engine is costly."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._canaries = [Canaries() for _ in range(_SCENES)]
        self._ablation = ""
        self._processes = 0
        self.scenes: list[Scene] = []

    def play(self, ablation: str) -> Sequence[Scene]:
        """The scenes with these layers on."""
        if self._ablation != ablation:
            self._end_scenes()
            self._ablation = ablation
            for canaries in self._canaries:  # one by one: each looks for what its engine has just made
                folder = Path(tempfile.mkdtemp(dir=self._folder))
                self.scenes.append(Scene(ablation, canaries, folder))
            self._processes = _count_processes()
        return self.scenes

    def run(self, specimens: Sequence[Specimen], ablation: str) -> Mapping[str, Observation | BaseException]:
        """Run specimens, and give what was seen of each, by name."""
        waiting: queue.SimpleQueue[Specimen] = queue.SimpleQueue()
        for specimen in specimens:
            waiting.put(specimen)
        seen: dict[str, Observation | BaseException] = {}
        threads = [
            threading.Thread(target=_run, args=(scene, waiting, seen), name=f"scene {number}")
            for number, scene in enumerate(self.play(ablation))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return seen

    def has_strangers(self) -> bool:
        """Whether there are more processes than when the scenes began."""
        most = self._processes + _LATER * len(self.scenes)
        until = time.monotonic() + _ENDING_SECONDS
        while _count_processes() > most and time.monotonic() < until:
            time.sleep(0.05)
        return _count_processes() > most

    def close(self) -> None:
        """End everything."""
        self._end_scenes()
        for canaries in self._canaries:
            canaries.close()

    def _end_scenes(self) -> None:
        while self.scenes:
            self.scenes.pop().close()
        self._ablation = ""


def _run(
    scene: Scene, waiting: queue.SimpleQueue[Specimen], seen: dict[str, Observation | BaseException]
) -> None:
    while True:
        try:
            specimen = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            seen[specimen.name] = scene.run(specimen)
        except BaseException as error:  # told by the test of this specimen
            seen[specimen.name] = error


def _count_processes() -> int:
    return len(psutil.Process().children(recursive=True))
