"""What a run would do: the answer of a dry run. Pure values."""

from __future__ import annotations

from dataclasses import dataclass

from engine.models.frame import Frame
from engine.models.result import Cut
from sandbox.contract.messages import Problem


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A run that was planned, not run.

    Attributes:
        frames: every call that would be made, in the order of results.
        rows: rows of each frame.
        cut: rows and values in no segment, by group.
        counting_queries: queries that count rows and find segments.
        calls_per_frame: requests with a plan that calc_metric made on a frame without rows; a metric that
            looks at its data first may make others on a real one.
        warnings: what the check of the source warns of.
    """

    frames: tuple[Frame, ...]
    rows: tuple[int, ...]
    cut: tuple[Cut, ...]
    counting_queries: int
    calls_per_frame: int
    warnings: tuple[Problem, ...]

    @property
    def queries(self) -> int:
        """Queries to expect in all."""
        return self.counting_queries + self.calls_per_frame * len(self.frames)

    def to_dict(self) -> dict[str, object]:
        """JSON form."""
        return {
            "frames": [
                {**frame.to_dict(), "rows": rows} for frame, rows in zip(self.frames, self.rows, strict=True)
            ],
            "cut": [cut.to_dict() for cut in self.cut],
            "queries": self.queries,
            "counting_queries": self.counting_queries,
            "calls_per_frame": self.calls_per_frame,
        }
