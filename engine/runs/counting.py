"""Counting the frames of an opened dataset, and those of the baseline in its segments."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from engine.context import QueryContext
from engine.errors import BackendLost
from engine.frames import Members, baseline_places, with_segments
from engine.queries.asking import FrameSource
from engine.queries.counting import BaselineFrames, Counted, count_apart, count_whole
from engine.runs.opening import Opened
from engine.runs.schedule import TRIES
from engine.runs.shared_queries import AnySharedQueries

_T = TypeVar("_T")


def count_frames(opened: Opened, shared: AnySharedQueries, context: QueryContext) -> Counted:
    """Find the frames of a dataset and their rows, and let what runs ask of its baseline be shared.

    Args:
        opened: the dataset.
        shared: what its runs ask together; without anything that they do, frames are counted by themselves.
        context: of the queries.

    Raises:
        DataError: the data has values that cannot be segments.
        BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
    """
    sharing = shared.of_data
    if sharing is not None:
        counted = again(lambda: sharing.count(context), context.check)
    else:
        counted = again(lambda: count_apart(opened.source, context), context.check)
    if opened.baseline is None:
        return counted
    return _count_baseline(counted, opened.source, opened.baseline, shared, context)


def _count_baseline(
    counted: Counted,
    data: FrameSource,
    baseline: FrameSource,
    shared: AnySharedQueries,
    context: QueryContext,
) -> Counted:
    """Count the baseline's rows in the segments of the data."""
    frames, places = counted.frames, baseline_places(data.plan, baseline.plan)
    source = replace(baseline, plan=with_segments(baseline.plan, frames))
    if shared.of_data is None:
        own = again(lambda: _count_given(source, frames.members, context), context.check)
    else:
        sharing = shared.begin_baseline(source, frames.members, repeated=not places.same)
        own = again(lambda: sharing.count(context), context.check)
    found = BaselineFrames(source, own.frames, places)
    return replace(counted, queries=counted.queries + own.queries, baseline=found)


def _count_given(source: FrameSource, given: Sequence[Members], context: QueryContext) -> Counted:
    return count_whole(source, count_apart(source, context, given), context)


def again(step: Callable[[], _T], check: Callable[[], None]) -> _T:
    """Do something once more if the server was restarted meanwhile, because of another run perhaps."""
    for _ in range(TRIES - 1):
        check()
        with contextlib.suppress(BackendLost):
            return step()
    check()
    return step()
