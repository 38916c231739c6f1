"""The specimens: small metrics that each try one way out, with what is claimed of them in their first lines.

The header of a file is a block of comments, `# key: text`, one line each; a line that begins with `#   `
goes on with the text before it.

    # attempt: what it tries, in a few words
    # goal: what it is after, a key of GOALS, which says what counts as having escaped
    # stopped by: the layers that stop it when each is alone; engine or backend if it fails with all off
    # one layer because: why a single layer has to do (only where one does)
    # known hole: what is wrong, and why it is no way out (only while it gets through all layers)
    # not alone under: where it is not run, because it could hurt the machine or the test (optional)

A name that begins with CANARY_ is replaced by a literal: see `canaries`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "specimens"
LAYERS = ("language", "gateway", "worker", "server")
# What is on when a specimen runs: every layer, none (which shows that the attempt is a real one), or one.
ABLATIONS = ("all", "none", *LAYERS)
# What cannot be taken away: a fresh process for each run, deadlines, framing, the validator of results, a
# session of its own, programs that start with an empty environment.
ENGINE = "engine"
# What the backend does not do anyway: such an attempt must be refused before it, or it proves nothing.
BACKEND = "backend"

CLASSES: Mapping[str, str] = {
    "language": "language escapes",
    "modules": "walks through modules",
    "libraries": "library I/O, dispatch by string",
    "spark": "PySpark plans",
    "snowpark": "Snowpark",
    "resources": "resources",
    "results": "spoofing and poisoning",
}
GOALS: Mapping[str, str] = {
    "file": "what a file outside the data holds is in a value, a message, or what was printed",
    "write": "there is something in a folder that was empty",
    "network": "a TCP, UDP or Unix socket of the machine heard from it",
    "process": "a process of its making runs, or another process was stopped, changed or read",
    "tenant": "a number of another tenant's data is in a value, a message, or what was printed",
    "rows": "a number of rows outside of the run's time range is in a value, a message, or what was printed",
    "host": "the machine's name, its user, its folders or its environment are in a message, or were printed",
    "memory": "a worker held more memory than its limit",
    "size": "a query, text or number beyond a cap went through",
    "time": "the call outlived its deadline",
    "kernel": "a system call that no honest worker makes went through",
    "frame": "the number of another frame of the run is not what it was",
    "run": "the next run's number is not what it was, or there is none",
    "result": "something that is no number passed for one",
}
# Classes whose specimens ask a server, and the layers that stand before one.
ASK_SERVERS = frozenset({"spark", "resources", "results"})
_BEFORE_SERVERS = frozenset({"gateway", "server"})
# At least two layers must stop these, or the header says why one has to do.
GUARDED_TWICE = frozenset({"file", "write", "network", "process", "tenant"})

_KEYS = {
    "attempt": "attempt",
    "goal": "goal",
    "stopped by": "stopped_by",
    "one layer because": "one_layer_because",
    "known hole": "known_hole",
    "not alone under": "not_under",
}
_PLACEHOLDER = re.compile(r"\bCANARY_[A-Z_]+\b")


@dataclass(frozen=True)
class Specimen:
    """One attempt.

    Attributes:
        name: class and name, "spark/reflect".
        source: the metric, with its placeholders.
        attempt, goal, stopped_by, one_layer_because, known_hole, not_under: the header.
    """

    name: str
    source: str
    attempt: str
    goal: str
    stopped_by: frozenset[str] = field(default=frozenset())
    one_layer_because: str = ""
    known_hole: str = ""
    not_under: frozenset[str] = field(default=frozenset())

    @property
    def kind(self) -> str:
        """Its class, a key of CLASSES."""
        return self.name.partition("/")[0]

    @property
    def placeholders(self) -> frozenset[str]:
        """The placeholders that it uses."""
        return frozenset(_PLACEHOLDER.findall(self.source))

    @property
    def stopped_always(self) -> bool:
        """Whether it fails with every layer off."""
        return bool(self.stopped_by & {ENGINE, BACKEND})

    def runs_under(self, ablation: str) -> bool:
        """Whether it is run with only this layer on.

        What the engine stops anyway needs no more proof, and what never asks a server goes by the layers that
        stand before one, unless its header says that they stop it.
        """
        proven = self.stopped_always or self.known_hole
        passed = ablation in _BEFORE_SERVERS and self.kind not in ASK_SERVERS
        if passed and ablation not in self.stopped_by:
            return False
        return ablation not in self.not_under and not (proven and ablation in LAYERS)

    def is_stopped_under(self, ablation: str) -> bool:
        """Whether the header claims that it is stopped there."""
        stopped = ablation == "all" or self.stopped_always or ablation in self.stopped_by
        return stopped and not self.known_hole

    def fill(self, values: Mapping[str, str | int | float]) -> str:
        """The source, with literals for its placeholders."""
        return _PLACEHOLDER.sub(lambda found: repr(values[found.group()]), self.source)


def load_all() -> tuple[Specimen, ...]:
    """Every specimen, by class in the order of CLASSES, then by name."""
    return tuple(load(path) for kind in CLASSES for path in sorted((FOLDER / kind).glob("*.py")))


def load(path: Path) -> Specimen:
    """Read one specimen.

    Raises:
        ValueError: the header is not as described above.
    """
    text = path.read_text("utf-8")
    name = f"{path.parent.name}/{path.stem}"
    try:
        return Specimen(name, text, **_parse_header(text))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None


def _parse_header(text: str) -> dict[str, Any]:
    found: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        if line.startswith("#   ") and last:
            found[last] += " " + line[1:].strip()
            continue
        key, colon, value = line.removeprefix("# ").partition(": ")
        if not (line.startswith("# ") and colon and key in _KEYS):
            break
        last = _KEYS[key]
        if last in found or not value.strip():
            raise ValueError(f"{key!r} is empty, or given twice")
        found[last] = value.strip()
    header: dict[str, object] = dict(found)
    for name, known in (("stopped_by", {*LAYERS, ENGINE, BACKEND}), ("not_under", set(ABLATIONS) - {"all"})):
        if name in found:
            header[name] = names = frozenset(part.strip() for part in found[name].split(","))
            if not names <= known:
                raise ValueError(f"unknown names: {', '.join(sorted(names - known))}")
    if found.get("goal") not in GOALS:
        raise ValueError(f"unknown goal: {found.get('goal')}")
    return header
