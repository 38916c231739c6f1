"""Plans of Spark Connect, as a run's calls ask with PySpark's client.

A request is parsed with caps and rebuilt from what is understood (`engine.spark.plans`), its placeholder is
bound to the frame of the call, and only then is the backend asked; the backend's answers are rebuilt, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.errors import BackendError
from engine.queries.answers import FrameAnswer
from engine.queries.calls import CallInProgress
from engine.queries.carried import Reply
from engine.queries.descriptions import Descriptions
from engine.queries.language import Request, Told
from engine.queries.spark import replies
from engine.queries.spark.analyses import analyze_plan, describe_plan
from engine.queries.spark.functions.shared_functions import SharedFunctions
from engine.queries.spark.own_settings import Combinations
from engine.queries.spark.questions import FunctionsQuestion, PlanCall, PlanQuestion
from engine.queries.spark.requests import Parsed, ParsedRequests
from engine.queries.spark.scope import PlanScope
from engine.queries.spark.sharing import Sharing
from engine.queries.spark.unchecked import forward
from engine.sources.spool import Scratch
from engine.spark import plans
from engine.spark.explain import explain
from engine.spark.functions import Registered, has_functions
from sandbox.contract.framing import ChannelGarbage, Method
from sandbox.contract.messages import FUNCTION_RAISED, ReplyError
from sandbox.contract.settings import QUERY_SETTINGS, SESSION_ID, SETTINGS

# What PySpark's client raises; the worker puts in what the function raised.
_RAISED: Final = ReplyError(
    FUNCTION_RAISED, "org.apache.spark.api.python.PythonException", "38000", "a function of the metric raised"
)


@dataclass(frozen=True, slots=True)
class PlanLanguage:
    """What one run asks with; see `Language`.

    Attributes:
        session: the run's session on the backend.
        requests: as they were parsed before.
        checked: False forwards requests unchecked; for tests of the other layers only.
        scratch: makes files for what functions of the author give; None: the backend reads none.
        described: the types of plans that were asked for before; None: frames share nothing.
        shared_functions: what functions of the author gave for all frames.
        combinations: of settings that the run's calls have set.
    """

    session: BackendSession
    requests: ParsedRequests
    checked: bool = True
    scratch: Scratch | None = None
    described: Descriptions[pb.DataType] | None = None
    shared_functions: SharedFunctions = field(default_factory=SharedFunctions)
    combinations: Combinations = field(default_factory=Combinations)

    repeats: ClassVar[bool] = True
    function_raised: ClassVar[ReplyError] = _RAISED

    def reader(self, state: CallInProgress) -> PlanReader:
        """See `Language.reader`."""
        return PlanReader(self, state)

    def explain(self, error: BackendError) -> ReplyError:
        """See `Language.explain`."""
        return explain(error)


class PlanReader:
    """Reads what one call asks; its views live as long as it. See `RequestReader`."""

    def __init__(self, language: PlanLanguage, state: CallInProgress) -> None:
        """Begin without views.

        Args:
            language: of the call's run.
            state: the call.
        """
        self._language = language
        self._state = state
        self._scope = PlanScope(state, language.requests.account)
        self._call = PlanCall(
            language.session, state, self._scope, language.shared_functions, language.scratch
        )
        self._registered = Registered()

    def close(self) -> None:
        """See `RequestReader.close`."""
        self._scope.close()

    def is_free(self, payload: memoryview) -> bool:
        """Whether it reads configuration; see `RequestReader.is_free`."""
        return _method(payload) is Method.CONFIG

    def read(self, payload: memoryview) -> Request[Sharing]:
        """See `RequestReader.read`."""
        method, language = _method(payload), self._language
        if not language.checked and method is not Method.CONFIG:
            return self._forward(method, payload[1:])
        body = payload[1:]
        if self._registered and method is not Method.CONFIG:
            body = self._put_in(method, body)
        parsed = language.requests.parse(method, body, self._state.context.check, zoned=self._scope.zoned)
        if isinstance(parsed.request, plans.Fetch):
            return self._question(parsed, parsed.request.relation)
        return Told(self._told(parsed))

    def _question(self, parsed: Parsed, relation: pb.Relation) -> PlanQuestion | FunctionsQuestion:
        views = self._scope.views
        if parsed.functions or (views and has_functions(self._scope.expanded(relation))):
            return FunctionsQuestion(self._call, relation)
        return PlanQuestion(self._call, relation, parsed.key)

    def _told(self, parsed: Parsed) -> Iterator[Reply]:
        """The answer to what asks for no rows of a plan."""
        match parsed.request:
            case plans.Schema(relation=relation):
                yield describe_plan(self._call, parsed.key, relation, self._language.described)
            case plans.ConfigGet() as request:
                yield _configuration(request)
            case plans.ConfigSet() as request:
                self._scope.set(request, self._language.session, self._language.combinations)
                yield pb.ConfigResponse(session_id=SESSION_ID)
            case plans.RunSql() | plans.DefineView() | plans.RegisterFunction() as request:
                yield from self._defined(request)
                yield replies.complete()
            case plans.ViewExists(name=name):
                yield from _truth(name in self._scope.views)
            case plans.DropView(name=name):
                yield from _truth(self._scope.views.pop(name, None) is not None)
            case request:
                yield analyze_plan(self._call, request)

    def _defined(self, request: plans.RunSql | plans.DefineView | plans.RegisterFunction) -> Iterator[Reply]:
        """What is told of a command that later plans build on."""
        match request:
            case plans.RunSql():
                query, views = request.query, self._scope.views
                if self._registered:
                    query, views = self._registered.in_query(query, views)
                request = replace(request, query=query)
                yield replies.sql_result(plans.sql_relation(request, views, self._state.context.check))
            case plans.DefineView():
                self._scope.keep_view(request.name, plans.define_view(request, self._scope.views))
            case plans.RegisterFunction(function=function):
                self._registered.define(function)

    def _put_in(self, method: Method, body: memoryview) -> memoryview:
        """A request with functions in place of the names by which they were registered."""
        kind = pb.ExecutePlanRequest if method is Method.EXECUTE else pb.AnalyzePlanRequest
        request = plans.decode(kind, body)
        self._registered.in_plan(request)
        return memoryview(request.SerializeToString(deterministic=True))

    def _forward(self, method: Method, body: memoryview) -> Told:
        """The backend's own answer to a request that nobody checked."""
        applying = self._call.applying(lambda plan: plan)
        answered = forward(
            self._language.session,
            method,
            body,
            self._scope.frame,
            self._scope.baseline,
            context=self._state.context,
            applied=lambda plan: applying.with_files(applying.with_results(plan)),
        )
        return Told(answered)


def _method(payload: memoryview) -> Method:
    try:
        return Method(payload[0])
    except (IndexError, ValueError):
        raise ChannelGarbage("a request for an unknown method") from None


def _truth(value: bool) -> Iterator[Reply]:
    """An answer of one Boolean."""
    schema = pb.DataType()
    schema.struct.fields.add(name="value", data_type=pb.DataType(boolean=pb.DataType.Boolean()))
    return replies.whole_answer(FrameAnswer(schema, pa.table({"value": [value]})))


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
