"""Ids of runs, by names."""

from __future__ import annotations

import functools

from engine.context import RunId


@functools.cache
def run_id(name: str) -> RunId:
    """The id of the run of this name, the same one each time."""
    return RunId(name)
