"""Several metrics over one dataset: opened and counted once, and what they ask answered together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from engine.errors import ParamsRefused, SourceRefused, SourcesRefused
from engine.models.parameters import Bound, unused
from engine.models.run import Run
from engine.runs.compiling import compile_in_turn
from engine.runs.dataset import SharedDataset
from engine.runs.declared import Declared, declare
from engine.runs.live import LiveRun, Progress
from engine.runs.run_spec import RunSpec
from engine.runs.services import Services
from engine.runs.submitted_run import SubmittedRun
from sandbox.contract.messages import Problem

# Metrics at a time; each has a worker of its own from the start.
_TOGETHER: Final = 16


def evaluate_together(
    services: Services,
    specs: Sequence[RunSpec],
    on_progress: Callable[[Progress], None] | None,
    on_start: Callable[[Callable[[], None]], None] | None = None,
) -> tuple[Run, ...]:
    """Run metrics that differ in nothing but their source, parameters and name; wait for the end.

    Args:
        services: of the engine.
        specs: in the order of results.
        on_progress: told of the progress of all together.
        on_start: given what cancels all of them.

    Raises:
        SourcesRefused: some sources have problems; nothing ran.
        ParamsRefused: the parameters of some have.
        CalcmetricError: as `SubmittedRun.start`, and what ended a run as a whole; the others are cancelled.
    """
    services = replace(services, workers=max(1, services.workers // min(len(specs), _TOGETHER)))
    dataset = SharedDataset(services, specs[0])
    progress = _Together(len(specs), on_progress)
    submitted = [SubmittedRun(services, spec, progress.of(i), dataset) for i, spec in enumerate(specs)]

    def cancel() -> None:
        for run in submitted:
            run.cancel()

    try:
        if on_start is not None:
            on_start(cancel)
        _compile(services, submitted, specs)
        runs: list[Run] = []
        for start in range(0, len(specs), _TOGETHER):
            runs += _run(submitted[start : start + _TOGETHER])
        return tuple(runs)
    finally:
        for run in submitted:
            run.discard()


def _compile(services: Services, submitted: Sequence[SubmittedRun], specs: Sequence[RunSpec]) -> None:
    """Compile every source before anything runs; the first ones in the workers that will run them."""
    refused: dict[str, tuple[Problem, ...]] = {}
    unfit: dict[str, tuple[Problem, ...]] = {}
    bound: list[Bound] = []
    for place, (run, spec) in enumerate(zip(submitted, specs, strict=True)):
        try:
            if place < _TOGETHER:
                run.compile()
            else:
                run.expect(_inspect(services, spec))
            bound.append(run.bound)
        except SourceRefused as refusal:
            refused[spec.metric] = refusal.problems
        except ParamsRefused as refusal:
            unfit |= refusal.by_metric
    if refused:
        raise SourcesRefused(refused)
    if not unfit and (surplus := unused(bound)):
        unfit[specs[0].metric] = surplus
    if unfit:
        raise ParamsRefused(unfit)


def _inspect(services: Services, spec: RunSpec) -> Declared:
    """Compile a source that will be run by a later worker; what it declares.

    Raises:
        SourceRefused: the source has problems.
        ParamsRefused: its parameters have.
    """
    problems, signature = compile_in_turn(services, spec.source, spec.layers, spec.tenant)
    if signature is None:
        raise SourceRefused(problems)
    return declare(signature, spec, problems)


def _run(submitted: Sequence[SubmittedRun]) -> list[Run]:
    live: list[LiveRun] = []
    try:
        for run in submitted:
            run.compile()
            live.append(run.begin())
        return [one.result() for one in live]
    except BaseException:
        for one in live:
            one.cancel()
        raise


class _Together:
    """The progress of several runs as one. Thread-safe."""

    def __init__(self, count: int, tell: Callable[[Progress], None] | None) -> None:
        self._progress = [Progress("waiting")] * count
        self._tell = tell
        self._lock = threading.Lock()

    def of(self, place: int) -> Callable[[Progress], None] | None:
        """What a run is to tell its progress."""
        return None if self._tell is None else lambda progress: self._note(place, progress)

    def _note(self, place: int, progress: Progress) -> None:
        with self._lock:
            self._progress[place] = progress
            known = list(self._progress)
            stage = "done" if all(one.stage == "done" for one in known) else progress.stage
            total = sum(one.total for one in known if one.stage != "fetching")
            if progress.stage == "fetching":  # one dataset for all of them
                assert self._tell is not None
                self._tell(progress)
            elif stage == "done" or progress.stage != "done":
                assert self._tell is not None
                self._tell(Progress(stage, sum(one.done for one in known if one.stage != "fetching"), total))
