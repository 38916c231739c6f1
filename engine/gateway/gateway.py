"""The gateway: one worker's conversation, from the source to the last frame it runs.

Everything that the worker sends is hostile: a frame of the channel that an honest worker would not send
now ends it, and its requests are answered by `Answers`, which checks them. The worker never learns an id,
an address or a message of the backend.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Final

from engine.context import UNBOUNDED, QueryContext
from engine.effort import MOST_TIMES
from engine.errors import (
    BackendError,
    BackendLost,
    EngineClosed,
    Interrupted,
    LimitExceeded,
    PlanRefused,
    SparkNeeded,
)
from engine.failures import describe
from engine.gateway.answering import CallAnswers, RunAnswering
from engine.gateway.budget import FLOOD_SECONDS, FrameBudget
from engine.models.result import FrameError, Status
from engine.pool.worker import Worker
from engine.queries.calls import FrameCall, FunctionRaised
from engine.queries.carried import as_frame
from engine.results import check_signature, clean_problems
from engine.tenants.interpreter import Interpreter
from engine.threads import thread_seconds
from sandbox.contract.framing import ChannelClosed, ChannelGarbage, ChannelTimeout, Kind
from sandbox.contract.limits import Limits
from sandbox.contract.messages import (
    BACKEND_FAILED,
    FUNCTION_RAISED,
    REFUSED,
    Call,
    Compiled,
    Evaluate,
    Frames,
    Outcome,
    Problem,
    Raised,
    ReplyError,
    Start,
    decode,
    encode,
)
from sandbox.contract.signature import Signature

logger = logging.getLogger(__name__)

_UNHANDLED: Final = "the engine could not make sense of this request"
# Compiling is the worker's first act; a source that takes longer than this to compile is hostile, unless
# others keep the worker from the processors.
_COMPILE_SECONDS: Final = 30.0
_LINE_BYTES: Final = 4
# A function sees all rows of the DataFrame that it is applied to. Spark may show it fewer, if a later step
# of the query drops some. So whether it raises there, too, is not certain, and nobody goes on from here.
_CAUGHT: Final = (
    "a function that was applied to rows raised, and calc_metric caught that; catch it inside the function"
)


class LacksScience(Exception):
    """A worker that was forked without scipy and statsmodels needs them; another is to do what it did."""


class CompilesTooLong(Exception):
    """A worker did not compile its source in the time that it has for that; it must be ended.

    Attributes:
        seconds: how long it was waited for, without those that others took from it if it is not `starved`.
        starved: whether others kept it from the processors, so that nothing is known of the source.
    """

    def __init__(self, seconds: float, *, starved: bool) -> None:
        super().__init__()
        self.seconds = seconds
        self.starved = starved


class Gateway:
    """The engine's end of one worker's channel. Used by one thread at a time.

    Attributes:
        worker: the process that it talks to.
        queries: how many requests it has sent to the backend.
        fetched_bytes: Arrow bytes that its worker fetched.
        fault: what it refused, or the backend failed, last during the current call; the engine's own word.
    """

    def __init__(
        self,
        worker: Worker,
        limits: Limits,
        *,
        interpreter: Interpreter | None = None,
        tenant: str = "",
    ) -> None:
        """Take over a fresh worker.

        Args:
            worker: its process and channel.
            limits: of the run.
            interpreter: is charged for what the engine itself computes; None: nobody counts.
            tenant: the tenant whose run it is.
        """
        self._interpreter = interpreter or Interpreter()
        self._tenant = tenant
        self.worker = worker
        self.queries = self.queries_in_vain = 0
        self.fetched_bytes = self.bytes_in_vain = 0
        self._limits = limits
        self._run: RunAnswering | None = None
        self._of_run = self._context = UNBOUNDED
        self._budget = FrameBudget(limits)
        self._several = False
        self._function_raised: int | None = None  # in which line
        self.fault: tuple[Status, FrameError] | None = None

    @property
    def printed(self) -> str:
        """What the frame of the current or last call printed."""
        return self._budget.printed

    def compile(
        self, source: bytes, *, extra_imports: tuple[str, ...], restricted: bool, frames: Frames | None = None
    ) -> tuple[tuple[Problem, ...], Signature]:
        """Hand the source over; return every problem of it, and what calc_metric declares.

        Raises:
            CompilesTooLong: the worker has not compiled it in time; see the class.
            LacksScience: the worker must be ended, and one that has them be asked.
            ChannelClosed, ChannelGarbage: the worker died, or is no honest worker.
        """
        # One byte over the limit is enough to be told of it.
        text = source[: self._limits.source_bytes + 1].decode("latin-1")
        start = Start(text, self._limits.source_bytes, extra_imports, restricted, frames)
        grace = self.worker.grace(_COMPILE_SECONDS)
        self._context = UNBOUNDED.within(_COMPILE_SECONDS * MOST_TIMES)
        try:
            self._send(Kind.START, encode(start))
            while not self.worker.channel.is_readable(left := grace.left()):
                if not left:
                    raise ChannelTimeout
            kind, payload = self.worker.channel.receive(self._context.deadline.at)
        except ChannelTimeout:
            starved = grace.starved
            seconds = _COMPILE_SECONDS * (MOST_TIMES if starved else 1)
            raise CompilesTooLong(seconds, starved=starved) from None
        self._refuse_lack(kind)
        if kind is not Kind.COMPILED:
            raise ChannelGarbage(f"a {kind.name} frame before the source is compiled")
        compiled = decode(Compiled, payload)
        check_signature(compiled.signature)
        self._several = compiled.signature.several
        return clean_problems(compiled.problems), compiled.signature

    def attach(self, run: RunAnswering, context: QueryContext) -> None:
        """Give it what answers the run's requests, and how its questions are asked."""
        self._run = run
        self._of_run = context

    def call(self, call: FrameCall) -> Outcome:
        """Run calc_metric on one frame.

        Raises:
            LimitExceeded: a limit of the frame or the run; the worker must be ended.
            Interrupted: the run was cancelled; the worker must be ended.
            BackendLost: the backend went away; the frame may be run again in a fresh worker.
            LacksScience: the worker must be ended, and the frame be run again in one that has them.
            ChannelClosed, ChannelGarbage: the worker died, or is no honest worker.
        """
        assert self._run is not None
        self._budget = FrameBudget(self._limits)
        self.fault = None
        self._function_raised = None
        self._context = self._of_run.within(self._limits.frame_seconds)
        answers = self._run.of_call(call, self._budget, self._context, self._evaluate)
        try:
            if (prefetched := answers.prefetch()) is not None:
                self._send(Kind.PREFETCHED, prefetched, more=True)
            now = "" if call.now is None else call.now.astimezone(UTC).isoformat()
            two = call.baseline is not None
            self._send(Kind.CALL, encode(Call(call.index, call.seed, now, call.arguments, two)))
            with self._interpreter.inside(self._tenant):
                return self._serve(answers)
        except ChannelTimeout:
            raise self._overrun() from None
        except Interrupted as stop:
            if stop.reason == "deadline":
                raise self._overrun() from None
            raise
        except LacksScience:
            self.queries_in_vain += answers.queries
            self.bytes_in_vain += self._budget.bytes
            raise
        finally:
            answers.note_end()
            self.queries += answers.queries
            self.fetched_bytes += self._budget.bytes

    def _serve(self, answers: CallAnswers) -> Outcome:
        """Answer requests until the outcome comes."""
        counted = thread_seconds()
        while True:
            before, counted = counted, thread_seconds()
            if wait := self._interpreter.charge(self._tenant, counted - before):
                self._context.pause(wait)
            kind, payload = self._receive()
            if kind is Kind.PRINTED:
                self._keep_printed(payload)
            elif kind is Kind.REQUEST:
                self._answer(answers, payload)
            elif kind is Kind.USED:
                answers.note_used()
            elif kind is Kind.OUTCOME:
                outcome = decode(Outcome, payload)
                told = (outcome.returned, outcome.raised, outcome.named)
                if outcome.frame != answers.call.index or sum(one is not None for one in told) != 1:
                    raise ChannelGarbage("an outcome that fits no call")
                if outcome.named is not None and not self._several:
                    raise ChannelGarbage("several numbers of a metric that declares one")
                if self._function_raised is not None and outcome.raised is None:
                    name = answers.function_raised.exception.rpartition(".")[2]
                    caught = Raised(name, _CAUGHT, self._function_raised, "", FUNCTION_RAISED)
                    return Outcome(outcome.frame, None, caught)
                return outcome
            else:
                raise ChannelGarbage(f"a {kind.name} frame while a metric runs")

    def _receive(self) -> tuple[Kind, memoryview]:
        """What the worker says next while a metric runs."""
        if self._context.cancelled:  # what a killed worker has said before is not read to its end
            raise Interrupted("cancelled")
        kind, payload = self.worker.channel.receive(self._context.deadline.at)
        if self._context.deadline.passed:
            raise ChannelTimeout  # a worker that never stops talking is never waited for
        self._refuse_lack(kind)
        return kind, payload

    def _keep_printed(self, payload: memoryview) -> None:
        kept, many = self._budget.keep_printed(bytes(payload)), self._budget.note_cheap()
        if many or not kept:
            time.sleep(FLOOD_SECONDS)

    def _evaluate(
        self,
        evaluate: Evaluate,
        pieces: Iterator[bytes],
        take: Callable[[memoryview], bool],
        *,
        again: bool = False,
    ) -> int:
        """Have the worker apply functions; see `Evaluating`. Nobody else reads its channel meanwhile."""
        self._send(Kind.EVALUATE, encode(evaluate))
        refusal: PlanRefused | BackendError | None = None
        printed, ended = 0, False
        while True:
            kind, payload = self._receive()
            if kind is Kind.INPUT and not ended:
                try:
                    piece = b"" if refusal else next(pieces, b"")
                except (PlanRefused, BackendError) as error:
                    refusal, piece = error, b""  # half a stream, of which the worker makes what it can
                ended = not piece
                self._send(Kind.ROWS, piece)
            elif kind is Kind.OUTPUT and payload:
                try:
                    wanted = refusal is None and take(payload)
                except PlanRefused as error:
                    refusal, wanted = error, False
                if not wanted:
                    time.sleep(FLOOD_SECONDS)
            elif kind is Kind.PRINTED:
                printed += 1
                self._keep_printed(payload[:0] if again else payload)
            elif kind in (Kind.EVALUATED, Kind.FAILED):
                if refusal is not None:
                    raise refusal
                if kind is Kind.FAILED:
                    if len(payload) != _LINE_BYTES:
                        raise ChannelGarbage("a failure without a line")
                    raise FunctionRaised(int.from_bytes(payload, "big"))
                return printed + len(payload)
            else:
                raise ChannelGarbage(f"a {kind.name} frame while functions are applied")

    def _refuse_lack(self, kind: Kind) -> None:
        """Raise if the worker says that it lacks libraries; from one that has them it is garbage.

        So a guest that says it for no reason is run once more, and that is all.
        """
        if kind is Kind.LACKS and not self.worker.science:
            raise LacksScience

    def _answer(self, answers: CallAnswers, payload: memoryview) -> None:
        """Answer one request, or send the error that the guest's client raises."""
        try:
            for response in answers.responses(payload):
                kind, parts = as_frame(response)
                self._send(kind, *parts, more=True)
        except PlanRefused as refusal:
            self._refuse(refusal)
        except FunctionRaised as raised:
            self._function_raised = raised.line
            self._send_error(answers.function_raised)
        except (BackendLost, SparkNeeded):  # no frame of the run that needs Spark can go on
            raise
        except BackendError as error:
            reply = answers.explain(error)
            if reply.condition == BACKEND_FAILED:
                self.fault = "backend_error", FrameError("backend-error", reply.message)
            self._send_error(reply)
        except (ChannelClosed, ChannelGarbage, ChannelTimeout, Interrupted, LimitExceeded, EngineClosed):
            raise
        except Exception as error:
            logger.error("a request could not be handled: %s", describe(error))
            self._refuse(PlanRefused("plan-unhandled", _UNHANDLED))
        else:
            self._send(Kind.REPLY_END)

    def _refuse(self, refusal: PlanRefused) -> None:
        self.fault = "refused", FrameError(refusal.code, refusal.message, None, refusal.hint)
        self._send_error(ReplyError(REFUSED, "", "", str(refusal)))

    def _send(self, kind: Kind, *parts: bytes | memoryview, more: bool = False) -> None:
        self.worker.channel.send(kind, *parts, deadline=self._context.deadline.at, more=more)

    def _send_error(self, error: ReplyError) -> None:
        self._send(Kind.REPLY_ERROR, encode(error))

    def _overrun(self) -> LimitExceeded:
        """Which deadline it was that passed."""
        if self._context.deadline >= self._of_run.deadline:
            return LimitExceeded("wall_seconds", self._limits.wall_seconds, self._limits.wall_seconds)
        return LimitExceeded("frame_seconds", self._limits.frame_seconds, self._limits.frame_seconds)
