"""The table of attempts: by class, how many there are, and how many each layer stops when it is alone.

`python -m tests.escape` prints it from the headers, which `test_layers` keeps true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tests.escape.specimen import CLASSES, LAYERS, Specimen

_HEAD = ("class", "attempts", "engine", *LAYERS, "two or more", "all on")


def claimed(specimen: Specimen, ablation: str) -> bool:
    """Whether a header says that an attempt is stopped there."""
    return specimen.is_stopped_under(ablation)


def write_table(
    specimens: Iterable[Specimen], is_stopped: Callable[[Specimen, str], bool | None] = claimed
) -> str:
    """The table in Markdown.

    Args:
        specimens: what to count.
        is_stopped: whether a specimen is stopped with this ablation's layers on; None if that is not known.

    Returns:
        One line for each class and one for their sum. "engine" are those that fail with every layer off;
        the columns of layers count what each stops of the others.
    """
    chosen = list(specimens)
    rows = [(title, [one for one in chosen if one.kind == kind]) for kind, title in CLASSES.items()]
    lines = ["| " + " | ".join(_HEAD) + " |", "|---" + "|---:" * (len(_HEAD) - 1) + "|"]
    for title, members in (*rows, ("all", chosen)):
        if members:
            cells = _count(members, is_stopped)
            lines.append("| " + " | ".join([title, *(cells[name] for name in _HEAD[1:])]) + " |")
    return "\n".join(lines)


def _count(members: list[Specimen], is_stopped: Callable[[Specimen, str], bool | None]) -> Mapping[str, str]:
    counts = dict.fromkeys(_HEAD[1:], 0)
    counts["attempts"] = len(members)
    unknown = set()
    for one in members:
        if one.stopped_always:
            counts["engine"] += 1
            counts["two or more"] += 1
        else:
            stops = {name: is_stopped(one, name) for name in LAYERS}
            unknown |= {name for name in LAYERS if stops[name] is None and one.runs_under(name)}
            for name in LAYERS:
                counts[name] += stops[name] is True
            counts["two or more"] += sum(stops[name] is True for name in LAYERS) > 1
        everything = is_stopped(one, "all")
        unknown |= {"all on"} if everything is None else set()
        counts["all on"] += everything is True
    unknown |= {"two or more"} if unknown & set(LAYERS) else set()
    return {name: "?" if name in unknown else str(count) for name, count in counts.items()}
