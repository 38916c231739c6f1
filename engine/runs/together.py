"""What runs of a dataset ask together: of its data, and of the baseline that some of them compare it with.

Here Spark's road and Snowpark's part: what a run's session speaks decides who shares its questions, and who
answers them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.context import QueryContext
from engine.frames import Members
from engine.gateway.answering import RunAnswering
from engine.gateway.answers import RunAnswers
from engine.gateway.requests import ParsedRequests
from engine.gateway.sql_answers import SqlRunAnswers
from engine.interpreter import Interpreter
from engine.models.run import Asked, Shared
from engine.queries.asking import Source
from engine.queries.snowflake import SqlSharing
from engine.queries.spark.sharing import Sharing
from engine.runs.admitted import AdmittedSqlSession
from engine.sources.spool import Scratch


class SharedQueries:
    """The queries that runs of a dataset share. Thread-safe.

    Attributes:
        of_data: those of its data, once it is opened; None if there are none.
    """

    def __init__(self) -> None:
        self.of_data: Sharing | SqlSharing | None = None
        self._of_baseline: Sharing | SqlSharing | None = None
        self._baseline_known = threading.Event()
        self._comparing: set[object] = set()
        self._settled: set[object] = set()
        self._lock = threading.Lock()

    def begin(self, sharing: Sharing | SqlSharing | None, runs: Iterable[object]) -> None:
        """Let runs share the queries of their data, or none at all."""
        with self._lock:
            self.of_data = sharing
            if sharing is None:
                self._baseline_known.set()
                return
            for run in runs:
                sharing.expect(run)

    def begin_baseline(self, sharing: Sharing | SqlSharing) -> None:
        """Let the runs that compare share the queries of the baseline."""
        with self._lock:
            for run in self._comparing - self._settled:
                sharing.expect(run)
            self._of_baseline = sharing
        self._baseline_known.set()

    def compare(self, run: object) -> None:
        """A run's metric takes the baseline."""
        self._comparing.add(run)

    def settle(self, run: object) -> None:
        """The first call of a run has ended, or will not be made: nothing waits for what it asks first."""
        with self._lock:
            self._settled.add(run)
            shared = [one for one in (self.of_data, self._of_baseline) if one is not None]
        for one in shared:
            one.leave(run)

    def of_baseline(self, context: QueryContext) -> Sharing | SqlSharing | None:
        """Those of the baseline; its segments are those of the data, so they are waited for.

        Raises:
            Interrupted: who asks waits no longer.
        """
        context.wait(self._baseline_known)
        return self._of_baseline

    def report(self, run: object) -> tuple[Shared, ...]:
        """How the questions of a run were answered, those about the data first."""
        own = () if self.of_data is None else self.of_data.report(run)
        other = () if self._of_baseline is None else self._of_baseline.report(run)
        return (*own, *(replace(one, plan=f"baseline: {one.plan}") for one in other))


def shared_queries(
    source: Source, given: Sequence[Members] = (), *, repeated: bool = False
) -> Sharing | SqlSharing:
    """Queries that runs share of a source.

    Args:
        source: opened.
        given: the members of its segments, if they are known.
        repeated: see `Sharing`.
    """
    if isinstance(source.session, AdmittedSqlSession):
        return SqlSharing(source, source.session, given)
    return Sharing(source, given, repeated=repeated)


def run_answers(
    run: object,
    source: Source,
    baseline: Source | None,
    shared: SharedQueries | None,
    *,
    checked: bool,
    interpreter: Interpreter,
    asked: list[Asked] | None = None,
    scratch: Scratch | None = None,
) -> RunAnswering:
    """Who answers what the calls of one run ask.

    Args:
        run: whose calls they are.
        source: its data.
        baseline: what it compares them with.
        shared: what it shares with others; None: nothing.
        checked: whether the gateway looks at what is asked; else it shares nothing.
        interpreter: where what it asks is parsed.
        asked: is given each question.
        scratch: makes files for what functions of the author give; None: the backend reads none.
    """
    session = source.session
    if isinstance(session, AdmittedSqlSession):
        return _sql_answers(run, session, source, baseline, shared)
    columns, texts = frozenset(source.columns), source.texts
    if baseline is not None:  # what is sure of a name is so in both
        columns, texts = columns & frozenset(baseline.columns), texts & baseline.texts
    requests = ParsedRequests(columns, source.plan.time.as_of, texts, source.account, interpreter)
    sharing = shared.of_data if shared is not None and checked else None
    if shared is None or not isinstance(sharing, Sharing):
        return RunAnswers(session, requests, None, checked, run, asked=asked, scratch=scratch)

    def second(context: QueryContext) -> Sharing | None:
        found = shared.of_baseline(context)
        return found if isinstance(found, Sharing) else None

    return RunAnswers(session, requests, sharing, checked, run, asked=asked, baseline=second, scratch=scratch)


def _sql_answers(
    run: object,
    session: AdmittedSqlSession,
    source: Source,
    baseline: Source | None,
    shared: SharedQueries | None,
) -> RunAnswering:
    names = source.columns
    sharing = None if shared is None else shared.of_data
    together = sharing if isinstance(sharing, SqlSharing) else None
    if baseline is None:
        return SqlRunAnswers(session, source.full, names, together, run)

    def second(context: QueryContext) -> SqlSharing | None:
        found = None if shared is None else shared.of_baseline(context)
        return found if isinstance(found, SqlSharing) else None

    return SqlRunAnswers(
        session,
        source.full,
        tuple(name for name in names if name in baseline.columns),
        together,
        run,
        baseline=baseline.overall,
        known=(names, baseline.columns),
        second=None if shared is None else second,
    )
