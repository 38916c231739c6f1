"""What the results of a run show: secrets, facts of the host, and whether they are as documented."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from engine import Limits, Run, SourceRefused
from engine.models.result import GOOD, STATUSES
from tests.escape.canaries import POISON, host_facts
from tests.escape.specimen import Specimen

# What a worker that was refused the memory holds at most: what it shares with the zygote, and its limit.
_HELD_BYTES = 350 << 20


@dataclass(frozen=True)
class Observation:
    """What became of a specimen.

    Attributes:
        escaped: the goals that it has reached, by what is there to see.
        status: of the full frame, or "source-refused".
        code: of its error, or of the first problem; else empty.
        faults: what must not happen whatever the specimen does: a hang, an exception of the engine's own,
            a result that is not as documented.
        seconds: how long it took.
        shown: the value, the message and what was printed, for people.
    """

    escaped: frozenset[str]
    status: str
    code: str
    faults: tuple[str, ...]
    seconds: float
    shown: str


def describe(outcome: Run | BaseException) -> tuple[str, str, str]:
    """Status, code, and a text for people."""
    if isinstance(outcome, Run):
        result = outcome.results[0]
        shown = f"{result.value} {result.error} {result.printed[:2_000]}"
        return result.status, result.error.code if result.error else "", shown
    if isinstance(outcome, SourceRefused):
        errors = [problem for problem in outcome.problems if problem.severity == "error"]
        return "source-refused", errors[0].code, str(outcome.problems)
    return "exception", type(outcome).__name__, str(outcome)


def check_contract(run: Run, limits: Limits) -> list[str]:
    """What is wrong with a run as a document."""
    faults = []
    for result in run.results:
        if result.status not in STATUSES or type(result.value) is not float:
            faults.append(f"a result of {result.status!r}, {type(result.value)}")
        if (result.error is None) != (result.status in GOOD):
            faults.append("an error where there is none, or none where there is one")
        if result.error is not None and re.search(r"[\x00-\x08\x0b-\x1f\x7f\x9b]", result.error.message):
            faults.append("control characters in a message")
        if result.error is not None and len(result.error.message) > 4_000:
            faults.append("an endless message")
        if len(result.printed.encode()) > limits.printed_bytes + 200:
            faults.append("more was printed than is kept")
    try:
        json.dumps(run.to_dict(), allow_nan=False).encode()
    except ValueError as error:
        faults.append(f"not JSON: {error}")
    return faults


def find_host(text: str, specimen: Specimen) -> set[str]:
    """Whether a text tells about the host. Only where that is sought: names of machines are short words."""
    if specimen.goal != "host":
        return set()
    # However a path is written: what is shown loses its slashes.
    facts = [re.escape(fact).replace("/", "[/:]") for fact in host_facts()]
    return {"host"} if re.search(rf"(?<!\w)({'|'.join(facts)})(?!\w)", text) else set()


def compare(run: Run, specimen: Specimen) -> set[str]:
    """What the numbers themselves show."""
    full, *others = run.results
    peak = run.report.peak_memory_bytes or 0
    reached = {
        "result": full.status in ("ok", "nan"),
        "size": full.status == "ok",
        "kernel": full.status == "ok",
        "frame": any(other.value == POISON for other in others),
        "memory": peak > _HELD_BYTES,
    }
    return {specimen.goal} if reached.get(specimen.goal) else set()
