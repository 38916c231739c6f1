"""What results of metrics with functions hold."""

from __future__ import annotations

from engine.models.result import FrameError, Result


def told(result: Result) -> FrameError:
    """The error of a frame that has one."""
    assert result.error is not None
    return result.error
