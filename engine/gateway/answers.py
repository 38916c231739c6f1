"""The answers to what one call of calc_metric asks.

A request is parsed with caps and rebuilt from what is understood (`engine.spark.plans`), its placeholder is
bound to the frame of the call, and only then is the backend asked; the backend's answers are rebuilt, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.context import QueryContext
from engine.errors import AnswerTooLarge, BackendError, PlanRefused
from engine.frames.relations import depends_on_settings, pinned
from engine.gateway import replies
from engine.gateway.answering import Evaluating, FrameCall
from engine.gateway.applying import Applying, column_names
from engine.gateway.budget import FrameBudget
from engine.gateway.carried import Batch, Reply, as_frame
from engine.gateway.explain import explain
from engine.gateway.foresight import Foresight
from engine.gateway.own_settings import Combinations, changed_settings
from engine.gateway.requests import ParsedRequests
from engine.gateway.together import Together
from engine.gateway.unchecked import forward
from engine.models.run import Asked
from engine.queries.answers import Answer
from engine.queries.asking import Asker, fresh_scope
from engine.queries.common import told_by
from engine.queries.spark.sharing import Apart, Ready, Sharing, describe
from engine.sources.spool import Scratch
from engine.spark import plans
from engine.spark.functions import (
    Registered,
    check_all,
    has_functions,
    typed,
    unnamed,
    with_columns_for_joins,
)
from sandbox.contract.foretold import pack_foretold
from sandbox.contract.framing import ChannelGarbage, Method
from sandbox.contract.messages import ReplyError
from sandbox.contract.settings import BASELINE, PLACEHOLDER, QUERY_SETTINGS, SESSION_ID, SETTINGS

# What is foretold may go unused, so it is small; so is the request, of which a call's worker gets a digest.
_FORETOLD_BYTES: Final = 16 << 10
_FORETOLD_ROWS: Final = 100
# Why an answer over no rows does not tell who will answer where there are some.
_NOT_FORETOLD: Final = (
    "asked over no rows; where there are some, the backend may have to read what the functions return"
)
# Before the canonical form of a plan over the baseline: its type is another one than over the data.
_ABOUT_BASELINE: Final = b"baseline:"
# A type in the answer of a query; alone it may take as much on the wire.
_TYPE_BYTES: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class RunAnswers:
    """What the calls of one run have in common.

    Attributes:
        session: the run's session on the backend.
        requests: as they were parsed before.
        sharing: answers questions for many frames at once; None: each frame asks for itself.
        checked: False forwards requests unchecked; for tests of the other layers only.
        run: stands for the run.
        foresight: what its calls are expected to ask.
        combinations: of settings that its calls have set.
        asked: is given what its calls ask for themselves; None: nobody wants to know.
        baseline: what answers questions over baselines for many frames, once it is known; None: nothing does.
        scratch: makes files for what functions of the author give; None: the backend reads none.
        together: what such functions gave for all frames.
    """

    session: BackendSession
    requests: ParsedRequests
    sharing: Sharing | None = None
    checked: bool = True
    run: object = None
    foresight: Foresight = field(default_factory=Foresight)
    combinations: Combinations = field(default_factory=Combinations)
    asked: list[Asked] | None = None
    baseline: Callable[[QueryContext], Sharing | None] | None = None
    scratch: Scratch | None = None
    together: Together = field(default_factory=Together)

    def of_call(self, call: FrameCall, budget: FrameBudget, context: QueryContext) -> Answers:
        """See `RunAnswering.of_call`."""
        return Answers(call, self, budget, context)


@dataclass(frozen=True, slots=True)
class _Foretold:
    """An answer that was sent with the call.

    Attributes:
        ready: the answer that was sent.
        size: how many bytes of Arrow data it has.
    """

    ready: Ready
    size: int


class Answers:
    """What the requests of one call are answered with; its views live as long as it.

    Attributes:
        call: the call.
        queries: how many requests were sent to the backend.
    """

    def __init__(self, call: FrameCall, run: RunAnswers, budget: FrameBudget, context: QueryContext) -> None:
        """Begin without views.

        Args:
            call: the call.
            run: what the calls of its run have in common.
            budget: is charged for plans and for what is fetched.
            context: how its questions are asked.
        """
        self.call = call
        self.queries = 0
        self._run = run
        self._session = run.session
        self._budget = budget
        self._context = replace(context, run=run.run)
        self._views: dict[str, pb.Relation] = {}
        self._view_bytes = 0
        self._fetched = 0
        self._asked = False
        self._foretold: _Foretold | None = None
        self._settings: dict[str, str] = {}
        self._registered = Registered()
        self._frame = call.relation
        self._baseline = call.baseline
        self._apart: Apart | None = None

    def foretell(self) -> bytes | None:
        """The payload of a FORETOLD frame; None if the first request is not known, or not its answer."""
        run, request = self._run, self._run.foresight.request
        if run.sharing is None or not run.checked or request is None:
            return None
        parsed = run.requests.parse(Method.EXECUTE, memoryview(request))
        ready = run.sharing.known_answer(parsed.key, self._asker())
        if ready is None or ready.answer.table.num_rows > _FORETOLD_ROWS:
            return None
        answer = list(self._replies(ready.answer))
        size = sum(len(reply.data) for reply in answer if isinstance(reply, Batch))
        if size > _FORETOLD_BYTES:
            return None
        self._foretold = _Foretold(ready, size)
        return pack_foretold(Method.EXECUTE, request, map(as_frame, answer))

    def note_used(self) -> None:
        """The worker took what was foretold: the same as if it had asked.

        Raises:
            ChannelGarbage: nothing was foretold, or it has asked for something before.
            LimitExceeded: a limit of the frame was reached.
        """
        foretold, self._foretold = self._foretold, None
        if foretold is None or self._asked or self._run.sharing is None:
            raise ChannelGarbage("nothing was foretold")
        self._asked = True
        self._budget.charge_plan()
        self._budget.charge_fetch(foretold.ready.answer.table.num_rows, foretold.size)
        self._run.sharing.note_used(foretold.ready, self._asker())
        self._fetched += 1

    def note_end(self) -> None:
        """The call has ended."""
        if self._foretold is not None:
            self._run.foresight.note_miss()
        self._run.requests.account.give(self._view_bytes)
        self._view_bytes = 0

    def explain(self, error: BackendError) -> ReplyError:
        """A failed query in words for the author."""
        return explain(error)

    def responses(self, payload: memoryview, evaluating: Evaluating) -> Iterator[Reply]:
        """Answer one request: yield the responses for the worker, messages and batches.

        Args:
            payload: as the worker sent it.
            evaluating: has the worker apply functions of the author.

        Raises:
            ChannelGarbage: it is none of the requests that an honest worker sends.
            FunctionRaised: a function of the author raised.
            PlanRefused: it asks for what a metric may not have.
            LimitExceeded: a limit of the frame was reached.
            BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
        """
        try:
            method = Method(payload[0])
        except (IndexError, ValueError):
            raise ChannelGarbage("a request for an unknown method") from None
        first, self._asked = not self._asked, True
        if method is not Method.CONFIG:
            self._budget.charge_plan()
        if not self._run.checked and method is not Method.CONFIG:
            applying = self._applying(lambda plan: plan, evaluating)
            yield from forward(
                self._session,
                method,
                payload[1:],
                self._frame,
                self._baseline,
                context=self._context,
                applied=lambda plan: applying.with_files(applying.with_results(plan)),
            )
            return
        if self._registered and method is not Method.CONFIG:
            payload = self._put_in(method, payload)
        zoned = "spark.sql.session.timeZone" in self._settings
        parsed = self._run.requests.parse(method, payload[1:], self._context.check, zoned=zoned)
        if first:
            expected = isinstance(parsed.request, plans.Fetch) and len(payload) <= _FORETOLD_BYTES
            self._run.foresight.note_first(bytes(payload[1:]) if expected else None)
        match parsed.request:
            case plans.Fetch(relation=relation):
                if parsed.functions or (self._views and has_functions(self._expanded(relation))):
                    yield from self._applied(relation, evaluating)
                else:
                    yield from self._shared(parsed.key, relation) or self._fetch(relation)
            case plans.Schema(relation=relation):
                yield self._describe(parsed.key, relation)
            case plans.RunSql() as request:
                query, views = request.query, self._views
                if self._registered:
                    query, views = self._registered.in_query(query, views)
                request = replace(request, query=query)
                yield replies.sql_result(plans.sql_relation(request, views, self._context.check))
                yield replies.complete()
            case plans.DefineView() as request:
                self._keep_view(request.name, plans.define_view(request, self._views))
                yield replies.complete()
            case plans.RegisterFunction(function=function):
                self._registered.define(function)
                yield replies.complete()
            case plans.ViewExists(name=name):
                yield from self._replies(_truth(name in self._views))
            case plans.DropView(name=name):
                yield from self._replies(_truth(self._views.pop(name, None) is not None))
            case plans.ConfigGet() as request:
                yield _configuration(request)
            case plans.ConfigSet() as request:
                self._set(request)
                yield pb.ConfigResponse(session_id=SESSION_ID)
            case request:
                yield self._analyze(request)

    def _put_in(self, method: Method, payload: memoryview) -> memoryview:
        """A request with functions in place of the names by which they were registered."""
        kind = pb.ExecutePlanRequest if method is Method.EXECUTE else pb.AnalyzePlanRequest
        request = plans.decode(kind, payload[1:])
        self._registered.in_plan(request)
        return memoryview(bytes(payload[:1]) + request.SerializeToString(deterministic=True))

    def _set(self, request: plans.ConfigSet) -> None:
        """Ask what follows under other settings."""
        settings = changed_settings(self._settings, request)
        if settings == self._settings:
            return
        keys = ", ".join(sorted(dict(request.pairs)))
        if self._views:  # Spark gives a view the meaning that it had when it was made
            raise PlanRefused(
                "config-refused",
                f"spark.conf.set of {keys} is refused while there are temporary views",
                "set it before the views are made, or drop them first",
            )
        frames = [one for one in (self.call.relation, self.call.baseline) if one is not None]
        fixed = next(filter(None, map(depends_on_settings, frames)), "")
        if settings and fixed:
            raise PlanRefused(
                "config-refused",
                f"spark.conf.set of {keys} is refused: {fixed}, which would mean something else then",
                "cut segments by values or ranges of a column; or write zones into the expressions, as in "
                "F.from_utc_timestamp(column, zone)",
            )
        combination = tuple(sorted(settings.items()))
        if combination:
            self._run.combinations.note(combination)
            self._run.session.refuse_settings(combination)
        self._context = replace(self._context, settings=combination)
        self._frame, *others = [pinned(one) for one in frames] if settings else frames
        self._baseline = others[0] if others else None
        self._settings = settings

    def _keep_view(self, name: str, relation: pb.Relation) -> None:
        size = relation.ByteSize()
        if not self._run.requests.account.take(size):
            raise PlanRefused(
                "plan-too-large",
                f"there is no room for the view {name!r}: the views and answers of this run take too much",
                "make views of DataFrames that carry less data of their own",
            )
        self._view_bytes += size
        self._views[name] = relation

    def _shared(self, key: bytes, relation: pb.Relation) -> Iterator[Reply] | None:
        """The answer that frames share; None if this one has to ask for itself."""
        sharing, asker = self._run.sharing, self._asker()
        self._fetched += 1
        if sharing is None:
            return None
        if self._settings:
            self._apart = sharing.apart(relation, asker, "settings of its own")
            return None
        if self._views:
            relation = plans.expand_views(relation, self._views, plans.FIRST_VIEW_ID)
            key = plans.canonical(relation)
        read = self._frames_read(relation)
        if len(read) > 1:
            self._apart = sharing.apart(relation, asker, "a plan over both frames")
            return None
        if BASELINE in read:
            sharing.leave(asker.run)  # whoever counts the data waits for a question about it
            other = None if self._run.baseline is None else self._run.baseline(self._context)
            if other is None:
                return None
            sharing, asker.frame = other, self.call.baseline_index
            relation = plans.over_one_frame(relation)
            key = plans.canonical(relation)
        try:
            answer = sharing.answer(key, relation, asker)
        finally:
            self.queries += asker.queries
        if isinstance(answer, Apart):
            self._apart = answer
            return None
        return self._deliver(answer)

    def _expanded(self, relation: pb.Relation) -> pb.Relation:
        """A plan with its views in it."""
        return plans.expand_views(relation, self._views, plans.FIRST_VIEW_ID) if self._views else relation

    def _applied(self, relation: pb.Relation, evaluating: Evaluating) -> Iterator[Reply]:
        """The answer to a plan with functions of the author, which are applied first."""
        sharing, asker = self._run.sharing, self._asker()
        self._fetched += 1
        if "spark.sql.session.timeZone" in self._settings:
            raise PlanRefused(
                "udf-refused",
                "functions of the metric are refused in a time zone of its own",
                "leave spark.conf as it is, and convert instants with F.from_utc_timestamp(column, zone)",
            )
        expanded = self._expanded(relation)
        if sharing is not None:
            one = not self._settings and self._frames_read(expanded) <= {PLACEHOLDER}
            found = (
                self._together(expanded, sharing, asker, evaluating)
                if one
                else sharing.apart(
                    relation, asker, "a function beside settings of its own, or over a baseline"
                )
            )
            if not isinstance(found, Apart):
                yield from found
                return
            self._apart = found
        applying = self._applying(self._bind, evaluating)
        try:
            yield from self._fetch(self._with_results(applying, relation), applying.bound, of=relation)
        finally:
            applying.close()

    def _together(
        self, relation: pb.Relation, sharing: Sharing, asker: Asker, evaluating: Evaluating
    ) -> Iterator[Reply] | Apart:
        """The answer to a plan whose functions are applied once for all frames."""
        run, key = self._run, plans.canonical(relation)
        try:
            found = run.together.answer(key, relation, sharing, asker, evaluating, run.scratch)
        finally:
            self.queries += asker.queries
        if isinstance(found, Apart):
            return found
        results, ready = found
        rows = sharing.frames(self._context).frames[self.call.index].rows
        self._budget.charge_fetch(rows, int(rows * results.row_bytes))
        if isinstance(ready, Ready):
            sharing.note_used(ready, asker, again=False)
            return self._deliver(ready.answer)
        told = f"{ready.reason}; its functions once for all frames"
        self._apart = sharing.apart(relation, asker, told)

        def bind(plan: pb.Relation) -> pb.Relation:
            return plans.bind(plan, frame=ready.rows, views={}, scope=fresh_scope())

        return self._fetch(ready.relation, bind)

    def _with_results(self, applying: Applying, relation: pb.Relation) -> pb.Relation:
        try:
            return applying.with_results(self._expanded(relation))
        except AnswerTooLarge:
            raise _too_large("one row of this DataFrame") from None
        finally:
            self.queries += applying.queries

    def _applying(self, bind: Callable[[pb.Relation], pb.Relation], evaluating: Evaluating) -> Applying:
        run = self._run
        return Applying(self._session, bind, self._budget, self._context, evaluating, run.scratch)

    def _deliver(self, answer: Answer) -> Iterator[Reply]:
        for reply in self._replies(answer):
            if isinstance(reply, Batch):
                self._budget.charge_fetch(reply.rows, len(reply.data))
            yield reply

    @staticmethod
    def _replies(answer: Answer) -> Iterator[Reply]:
        yield replies.schema_response(answer.schema)
        yield from replies.table_batches(answer.table)
        yield replies.complete()

    def _asker(self) -> Asker:
        return Asker(self._run.run, self.call.index, self._fetched, self._context.shared())

    def _describe(self, key: bytes, relation: pb.Relation) -> pb.AnalyzePlanResponse:
        """The type of a plan, which is the same over every frame."""
        sharing = self._run.sharing
        own = bool(self._views or self._settings)
        if BASELINE in self._frames_read(relation):
            key = _ABOUT_BASELINE + key
        known = None if sharing is None or own else sharing.schema(key)
        if known is not None:
            return replies.schema_analysis(known)
        response = self._analyze(plans.Schema(relation))
        if sharing is not None and not own:
            sharing.keep_schema(key, response.schema.schema)
        return response

    def _fetch(
        self,
        relation: pb.Relation,
        bind: Callable[[pb.Relation], pb.Relation] | None = None,
        *,
        of: pb.Relation | None = None,
    ) -> Iterator[Reply]:
        """Ask; `of` is the plan whose functions gave what this one is over."""
        plan = pb.Plan()
        plan.root.CopyFrom((bind or self._bind)(relation))  # Plan(root=...) would stop at 100 nested messages
        self.queries += 1
        rebuilder, notes = replies.Rebuilder(), list[str]()
        try:
            for response in self._session.execute(plan, self._context.told(notes.append)):
                if response.HasField("schema") and response.schema.ByteSize() > _TYPE_BYTES:
                    raise _too_large("the type of this DataFrame")
                if response.HasField("arrow_batch"):
                    batch = response.arrow_batch
                    first_chunk = batch.chunk_index == 0
                    self._budget.charge_fetch(batch.row_count if first_chunk else 0, len(batch.data))
                yield from rebuilder.rebuild(response)
        except AnswerTooLarge:
            raise _too_large("one row of this DataFrame") from None
        finally:
            self._note_asked(relation if of is None else of, notes)
        yield replies.complete()

    def _note_asked(self, relation: pb.Relation, notes: Sequence[str]) -> None:
        """A question that this call asked for itself was answered, or not."""
        apart, self._apart = self._apart, None
        if apart is not None and self._run.sharing is not None:
            self._run.sharing.note_apart(apart, self._asker(), notes)
        if self._run.asked is not None:
            by, reason = told_by(notes)
            if by == "native" and has_functions(relation):
                reason = _NOT_FORETOLD
            self._run.asked.append(Asked(describe(relation), by, reason))

    def _analyze(self, request: plans.Request) -> pb.AnalyzePlanResponse:
        local = plans.local_answer(request)
        if local is not None:
            return replies.analyze_answer(local)
        request = self._typed(request)
        self.queries += 1
        bound, notes = plans.analyze_request(request, self._bind), list[str]()
        try:
            answer = self._session.analyze(bound, self._context.told(notes.append))
        except AnswerTooLarge:
            raise _too_large("the type of this DataFrame") from None
        finally:
            if self._run.asked is not None:
                kind = (bound.WhichOneof("analyze") or "").replace("_", " ")
                self._run.asked.append(Asked(f"the {kind} of a DataFrame", *told_by(notes)))
        return replies.rebuild_analyze(answer)

    def _typed(self, request: plans.Request) -> plans.Request:
        """A question about a plan, without functions of the author in it, if it is one about its type."""
        if not isinstance(request, plans.Schema | plans.TreeString):
            return request
        relation = self._expanded(request.relation)
        if not has_functions(relation):
            return request

        def names_of(plan: pb.Relation) -> list[str]:
            self.queries += 1
            return column_names(self._session, plan, self._bind, self._context)

        relation = with_columns_for_joins(relation, names_of)
        check_all(relation)
        return replace(request, relation=typed(unnamed(relation, names_of)))

    def _bind(self, relation: pb.Relation) -> pb.Relation:
        baseline, scope = self._baseline, fresh_scope()
        if baseline is None:
            return plans.bind(relation, frame=self._frame, views=self._views, scope=scope)
        relation = plans.expand_views(relation, self._views, plans.FIRST_VIEW_ID)
        if self._frames_read(relation) == {BASELINE}:
            return plans.bind(plans.over_one_frame(relation), frame=baseline, views={}, scope=scope)
        return plans.bind(relation, frame=self._frame, views={}, scope=scope, baseline=baseline)

    def _frames_read(self, relation: pb.Relation) -> frozenset[str]:
        """Which placeholders a plan reads; of a call of one frame nobody need know."""
        return frozenset() if self.call.baseline is None else plans.frames_read(relation)


def _too_large(what: str) -> PlanRefused:
    return PlanRefused(
        "plan-too-large",
        f"{what} is larger than any answer that is read",
        "give columns shorter names, and select the fields that are needed; aggregate long values",
    )


def _truth(value: bool) -> Answer:
    """An answer of one Boolean."""
    schema = pb.DataType()
    schema.struct.fields.add(name="value", data_type=pb.DataType(boolean=pb.DataType.Boolean()))
    return Answer(schema, pa.table({"value": [value]}))


def _configuration(request: plans.ConfigGet) -> pb.ConfigResponse:
    """Answer a read of configuration from the table; an honest worker answers these itself."""
    response = pb.ConfigResponse(session_id=SESSION_ID)
    if request.kind == "get_all":
        pairs: list[tuple[str, str | None]] = list(SETTINGS.items())
    elif request.kind == "is_modifiable":
        pairs = [(key, "true" if key in QUERY_SETTINGS else "false") for key, _ in request.keys]
    else:
        pairs = [(key, SETTINGS.get(key, default)) for key, default in request.keys]
    for key, value in pairs:
        response.pairs.add(key=key, value=value)
    return response
