"""The results of a run whose metric gives several numbers: of each frame one for each name. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.models.result import Result
from engine.results.names import known_names, too_many_names


def unfold(frames: Sequence[tuple[Result, ...]]) -> tuple[Result, ...]:
    """The results of a run, in the order of its frames and its names.

    A frame that ended without names ended so for each of them, and a name that a frame does not give is
    `missing` there. If no frame gave a name, each has one result, without one.

    Args:
        frames: what each frame gave, in their order; as `to_results` says it.
    """
    known = known_names([{one.name: one for one in results if one.name is not None} for results in frames])
    if not known:
        return tuple(result for results in frames for result in results)
    return tuple(result for results in frames for result in _of_frame(results, known))


def _of_frame(results: tuple[Result, ...], known: Iterable[str]) -> Iterable[Result]:
    given = {one.name: one for one in results}
    first = results[0]
    surplus = next((name for name in given if name is not None and name not in known), None)
    if surplus is not None:
        error = too_many_names(surplus)
        first = replace(first, status="invalid_output", value=math.nan, error=error)
        given = {None: first}
    whole = given.get(None, replace(first, status="missing", value=math.nan, error=None))
    for place, name in enumerate(known):
        # What a call printed is told once.
        yield replace(given.get(name, whole), name=name, printed="" if place else first.printed)
