"""How a call of calc_metric ended, as the result of its frame. Pure."""

from __future__ import annotations

import math
import signal
from dataclasses import dataclass
from typing import Final, TypeAlias

from engine.errors import LimitExceeded
from engine.models.codes import limit_code
from engine.models.frame import Frame
from engine.models.result import FrameError, Result, Status
from engine.results import Validated, excused, validate_names, validate_outcome
from engine.results.names import no_names
from engine.results.text import clean_text, printed_text
from engine.wording import worded
from sandbox.contract.messages import Outcome


@dataclass(frozen=True, slots=True)
class Died:
    """The worker ended by itself: `signal` is 0 if it exited, then `exit_code` says how."""

    signal: int
    exit_code: int


@dataclass(frozen=True, slots=True)
class Garbage:
    """The worker sent what no honest worker sends, and was ended."""


@dataclass(frozen=True, slots=True)
class RunCancelled:
    """The caller cancelled the run."""


@dataclass(frozen=True, slots=True)
class BackendGone:
    """The backend went away under the frame.

    Attributes:
        by_this_query: whether a query of the frame did it: asked alone at last, it ended the backend again.
    """

    by_this_query: bool = False


_TYPE_CAP: Final = 100

Ending: TypeAlias = Outcome | LimitExceeded | Died | Garbage | RunCancelled | BackendGone


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """One call that has ended.

    Attributes:
        ending: the outcome that the worker sent, or why there is none.
        seconds: how long the call took.
        printed: what was printed.
        fault: what the gateway refused or failed last during the call.
        disturbed: whether the run's queries lost time through those of others meanwhile.
    """

    ending: Ending
    seconds: float = 0.0
    printed: str = ""
    fault: tuple[Status, FrameError] | None = None
    disturbed: bool = False

    @property
    def may_go_better(self) -> bool:
        """Whether the call may end differently: its backend went away, or kept it waiting, for others."""
        match self.ending:
            case BackendGone(by_this_query=own):
                return not own
            case LimitExceeded(limit="frame_seconds"):
                return self.disturbed
        return False


# What to do about a limit, by its field.
_LIMIT_HINTS: Final = {
    "wall_seconds": worded("raise {wall_seconds}, or compute fewer frames in one run"),
    "frame_seconds": worded("aggregate on the DataFrame instead of in Python, or raise {frame_seconds}"),
    "cpu_seconds": worded("aggregate on the DataFrame instead of in Python, or raise {cpu_seconds}"),
    "memory_bytes": worded("aggregate on the DataFrame before fetching, or raise {memory_bytes}"),
    "fetched_rows": worded("aggregate on the DataFrame before fetching, or raise {fetched_rows}"),
    "fetched_bytes": worded("fetch fewer columns or rows, or raise {fetched_bytes}"),
    "plans": worded("ask for several aggregates in one query, or raise {plans}"),
}


def to_results(
    frame: Frame,
    rows: int | None,
    ended: FinishedCall,
    cpu_limit: float,
    *,
    several: bool = False,
    baseline_rows: int | None = None,
) -> tuple[Result, ...]:
    """The results of a frame: one, or one for each name that it gave.

    Args:
        frame: the frame that the call was about.
        rows: its rows, None if they were not counted.
        ended: how its call ended.
        cpu_limit: the limit cpu_seconds, for a worker that was ended for it.
        several: whether calc_metric declares several numbers.
        baseline_rows: those of its baseline; None: it has none, or they were not counted.
    """
    excuse, printed = None, printed_text(ended.printed)
    if isinstance(ended.ending, Outcome):
        # Nothing to compare with is no data, as nothing to compare is.
        there = 0 if baseline_rows == 0 else rows
        validated = _validate(ended.ending, there, ended.fault, several=several)
        if isinstance(validated, dict):
            return tuple(
                Result(
                    frame,
                    one.status,
                    one.value,
                    rows,
                    one.error,
                    "" if place else printed,
                    ended.seconds,
                    name=name,
                    baseline_rows=baseline_rows,
                )
                for place, (name, one) in enumerate(validated.items())
            )
        status, value, error = validated
        excuse = excused(ended.ending) if status == "no_data" else None
    else:
        status, error = _explain_ending(ended.ending, cpu_limit)
        value = math.nan
    return (
        Result(
            frame, status, value, rows, error, printed, ended.seconds, excuse, baseline_rows=baseline_rows
        ),
    )


def _validate(
    outcome: Outcome, rows: int | None, fault: tuple[Status, FrameError] | None, *, several: bool
) -> Validated | dict[str, Validated]:
    if outcome.named is not None:
        return validate_names(outcome.named, rows=rows)
    validated = validate_outcome(outcome, rows=rows, fault=fault)
    if several and validated.status == "ok" and outcome.returned is not None:
        return no_names(clean_text(outcome.returned.type, _TYPE_CAP).replace("\n", " "))
    return validated


def _explain_ending(
    ending: LimitExceeded | Died | Garbage | RunCancelled | BackendGone, cpu_limit: float
) -> tuple[Status, FrameError]:
    match ending:
        case LimitExceeded():
            return "limit", _limit_error(ending)
        case Died(signal=signal.SIGXCPU):
            return "limit", _limit_error(LimitExceeded("cpu_seconds", cpu_limit, cpu_limit))
        case Died(signal=signal.SIGSYS):
            return "lost", FrameError(
                "worker-lost",
                "the worker was ended by the kernel for a forbidden system call",
                hint="a metric can only compute; it cannot start processes or reach the machine",
            )
        case Died(signal=number, exit_code=code):
            how = f"signal {number} ({_signal_name(number)})" if number else f"exit code {code}"
            return "lost", FrameError(
                "worker-lost",
                f"the worker process died: {how}",
                hint="a native library crashed, or the machine ran out of memory; try it on less data",
            )
        case Garbage():
            return "lost", FrameError(
                "worker-garbage", "the worker sent what no honest worker sends, and was ended"
            )
        case RunCancelled():
            return "cancelled", FrameError("cancelled", "the run was cancelled")
        case BackendGone(by_this_query=True):
            return "backend_error", FrameError(
                "backend-lost",
                "a query of this frame crashed the data engine, even when run alone",
                hint="the query needs more memory or disk than the data engine may use: make smaller values, "
                "filter before joining, aggregate before collecting",
            )
        case BackendGone():
            return "backend_error", FrameError(
                "backend-lost",
                "the data engine went away while it was answering",
                hint="run it again; if it happens again, the query needs too much memory",
            )


def _signal_name(number: int) -> str:
    """Its name; the real-time signals have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return "SIGRT"


def _limit_error(limit: LimitExceeded) -> FrameError:
    return FrameError(
        limit_code(limit.limit),
        f"the limit {limit.limit} was reached: {limit.value:g} allowed, {limit.used:g} used",
        hint=_LIMIT_HINTS[limit.limit],
    )
