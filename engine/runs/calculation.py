"""The calls of calc_metric that a run makes over its opened dataset."""

from __future__ import annotations

from collections import Counter

from engine.context import QueryContext, RunId
from engine.gateway.answering import RunAnswering
from engine.models.run import Asked
from engine.queries.calls import FrameCall
from engine.queries.counting import BaselineFrames, Counted
from engine.runs.call_results import FinishedCall
from engine.runs.calls import empty_call, first_call, frame_call
from engine.runs.collect import Collector
from engine.runs.dataset import SharedDataset
from engine.runs.declared import Declared
from engine.runs.dispatcher import Dispatcher
from engine.runs.opening import Opened
from engine.runs.plan import PlannedQuestion, RunPlan
from engine.runs.run_spec import RunSpec
from engine.runs.schedule import Schedule
from engine.runs.shared_queries import Reading
from engine.tenants.interpreter import Interpreter


class Calculation:
    """One metric over one opened dataset: what its calls are, and who answers what they ask."""

    def __init__(
        self,
        run: RunId,
        spec: RunSpec,
        declared: Declared,
        dataset: SharedDataset,
        opened: Opened,
        dispatcher: Dispatcher,
        interpreter: Interpreter,
    ) -> None:
        """Call nothing yet.

        Args:
            run: tells its calls from those of other runs of the dataset.
            spec: what was asked.
            declared: what the source declares.
            dataset: that of the run.
            opened: the same, opened.
            dispatcher: makes the calls.
            interpreter: where what they ask is parsed.
        """
        self._run = run
        self._spec = spec
        self._declared = declared
        self._dataset = dataset
        self._opened = opened
        self._dispatcher = dispatcher
        self._interpreter = interpreter
        self._baseline = opened.baseline if declared.compares else None

    def run(self, collector: Collector, workers: int, context: QueryContext) -> Counted:
        """Run frame 0, of which everything is known, while the other frames are found; then those.

        Args:
            collector: takes the endings.
            workers: how many at once, where frames can be told apart.
            context: of counting.
        """
        found: list[Counted] = []

        def find() -> range:
            found.append(self._dataset.count(context))
            frames = found[0].frames
            collector.know(frames, self._compared(found[0]))
            return range(1, len(frames.frames))

        def note(index: int, ended: FinishedCall) -> None:
            if index == 0:
                self._dataset.shared.settle(self._run)
            collector.note(index, ended)

        def call_of(index: int) -> FrameCall:
            return self._call_of(index, found[0]) if index else self._first_call()

        schedule = Schedule([0], complete=False)
        at_once = workers if self._opened.source.splits else 1
        self._dispatcher.run(schedule, self._answers(), call_of, note, at_once, find)
        return found[0]

    def plan(self, context: QueryContext) -> RunPlan:
        """Count the frames, and call calc_metric once, on an empty one.

        Args:
            context: of counting.
        """
        self._dataset.shared.settle(self._run)
        counted, asked = self._dataset.count(context), list[Asked]()
        answers = self._answers(share=False, asked=asked)
        call = empty_call(self._opened.source, self._declared.bound.arguments, self._baseline)
        self._dispatcher.run(Schedule([0]), answers, lambda _: call, lambda *_: None, 1)
        planned, compared = counted.frames.frames, self._compared(counted)
        return RunPlan(
            frames=tuple(one.frame for one in planned),
            rows=tuple(one.rows for one in planned),
            cut=counted.frames.cut,
            counting_queries=counted.queries,
            calls_per_frame=self._dispatcher.usage.queries,
            warnings=(*self._declared.warnings, *self._opened.warnings),
            params=dict(self._declared.bound.values),
            questions=_questions(asked, self._opened.backend),
            baseline=self._spec.baseline if self._declared.compares else None,
            baseline_rows=() if compared is None else tuple(map(compared.rows, range(len(planned)))),
        )

    def _first_call(self) -> FrameCall:
        arguments = self._declared.bound.arguments
        return first_call(self._spec.source, self._opened.source, arguments, self._baseline)

    def _call_of(self, index: int, counted: Counted) -> FrameCall:
        source, arguments = self._opened.source, self._declared.bound.arguments
        compared = self._compared(counted)
        return frame_call(self._spec.source, source, counted.frames, index, arguments, compared)

    def _compared(self, counted: Counted) -> BaselineFrames | None:
        """The frames of the run's baseline, if its metric takes one."""
        return counted.baseline if self._declared.compares else None

    def _answers(self, *, share: bool = True, asked: list[Asked] | None = None) -> RunAnswering:
        opened = self._opened
        scratch = None if opened.scratch is None else opened.scratch.of_a_run()
        reading = Reading(self._interpreter, self._spec.layers.gateway, scratch)
        return self._dataset.shared.answers(
            self._run, opened.source, self._baseline, reading, share=share, asked=asked
        )


def _questions(asked: list[Asked], backend: str) -> tuple[PlannedQuestion, ...]:
    """What was asked, each once, with how often it was."""
    return tuple(
        PlannedQuestion(one.plan, one.answered_by or backend, one.reason, times)
        for one, times in Counter(asked).items()
    )
