"""Two scenes with the same layers on, each with canaries of its own, so that attempts run two at a time.

Where Spark is wanted, it is in the first scene alone, as each start costs more than a hundred attempts; the
other has a server that dies of what reaches it, and leaves to the first what is about Spark.

Nothing that a specimen can reach is in both: engine, server, data, sockets, the process to be harmed and the
mark of its children are those of its own scene. What the engines log is told to both.
"""

from __future__ import annotations

import queue
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

import psutil

from tests.backends.little import little_spark
from tests.escape.canaries import Canaries
from tests.escape.observation import Observation
from tests.escape.scene import Scene
from tests.escape.specimen import ASK_SERVERS, Specimen

_SCENES = 2
_Waiting = queue.SimpleQueue[Specimen]
_ENDING_SECONDS = 8.0
# A zygote with Snowpark, the process around it, and its worker: they come when somebody first asks for them.
_LATER = 3


class ScenePair:
    """Runs specimens with one set of layers after the other: an engine is costly."""

    def __init__(self, folder: Path, *, spark: bool = True) -> None:
        """Begin with nothing.

        Args:
            folder: for data.
            spark: whether there is Spark behind native answers; else a server that dies of what reaches it.
        """
        self._folder = folder
        self._spark = spark
        self._canaries = [Canaries() for _ in range(_SCENES)]
        self._ablation = ""
        self._processes = 0
        self.scenes: list[Scene] = []

    def open(self, ablation: str) -> Sequence[Scene]:
        """The scenes with these layers on."""
        if self._ablation != ablation:
            self._end_scenes()
            self._ablation = ablation
            for canaries in self._canaries:  # one by one: each looks for what its engine has just made
                folder = Path(tempfile.mkdtemp(dir=self._folder))
                with nullcontext() if self._spark and not self.scenes else little_spark():
                    self.scenes.append(Scene(ablation, canaries, folder))
            self._processes = _count_processes()
        return self.scenes

    def run(self, specimens: Sequence[Specimen], ablation: str) -> Mapping[str, Observation | BaseException]:
        """Run specimens, and give what was seen of each, by name."""
        of_spark, of_all = _Waiting(), _Waiting()
        for specimen in specimens:
            (of_spark if self._spark and specimen.kind in ASK_SERVERS else of_all).put(specimen)
        seen: dict[str, Observation | BaseException] = {}
        turns = ([of_spark, of_all], [of_all])
        threads = [
            threading.Thread(target=_run, args=(scene, waiting, seen), name=f"scene {number}")
            for number, (scene, waiting) in enumerate(zip(self.open(ablation), turns, strict=True))
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


def _run(scene: Scene, turns: Sequence[_Waiting], seen: dict[str, Observation | BaseException]) -> None:
    for waiting in turns:
        with suppress(queue.Empty):
            while True:
                specimen = waiting.get_nowait()
                try:
                    seen[specimen.name] = scene.run(specimen)
                except BaseException as error:  # told by the test of this specimen
                    seen[specimen.name] = error


def _count_processes() -> int:
    return len(psutil.Process().children(recursive=True))
