"""What a run would do: the answer of a dry run. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from engine.models.baseline import Baseline
from engine.models.frame import Frame
from engine.models.result import Cut
from sandbox.contract.messages import Problem
from sandbox.contract.signature import Value


@dataclass(frozen=True, slots=True)
class PlannedQuestion:
    """What calc_metric asked on a frame without rows.

    Attributes:
        plan: in a few words: "filter, aggregate".
        answered_by: "native", or the backend's name.
        reason: why Spark was needed, with native answers; else "".
        times: how often the call asked it.
    """

    plan: str
    answered_by: str
    reason: str
    times: int


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
        params: the parameters of calc_metric that were set.
        questions: what calc_metric asked there, and by whom it was answered.
        baseline: what it compares with; None: it takes one frame.
        baseline_rows: rows of each frame's baseline; empty if there is none.
    """

    frames: tuple[Frame, ...]
    rows: tuple[int, ...]
    cut: tuple[Cut, ...]
    counting_queries: int
    calls_per_frame: int
    warnings: tuple[Problem, ...]
    params: Mapping[str, Value] = field(default_factory=dict)
    questions: tuple[PlannedQuestion, ...] = ()
    baseline: Baseline | None = None
    baseline_rows: tuple[int, ...] = ()

    @property
    def queries(self) -> int:
        """Queries to expect in all."""
        return self.counting_queries + self.calls_per_frame * len(self.frames)

    def to_dict(self) -> dict[str, object]:
        """The plan as values of JSON, as the command line prints it."""
        compared = [{"baseline_rows": rows} for rows in self.baseline_rows] or [{}] * len(self.frames)
        return {
            "params": dict(self.params),
            **({} if self.baseline is None else {"baseline": self.baseline.to_dict()}),
            "frames": [
                {**frame.to_dict(), "rows": rows, **more}
                for frame, rows, more in zip(self.frames, self.rows, compared, strict=True)
            ],
            "cut": [cut.to_dict() for cut in self.cut],
            "queries": self.queries,
            "counting_queries": self.counting_queries,
            "calls_per_frame": self.calls_per_frame,
            "questions": [asdict(one) for one in self.questions],
        }

    def _repr_html_(self) -> str:
        from engine.display.pages import plan_cell  # here: only notebooks ask for it

        return plan_cell(self)
