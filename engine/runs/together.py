"""What runs of a dataset ask together: of its data, and of the baseline that some of them compare it with.

Here Spark's road and Snowpark's part: what the engine's backend speaks decides who shares the questions of
runs, and who answers them.
"""

from __future__ import annotations

import abc
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from engine.context import QueryContext
from engine.frames import Members
from engine.gateway.answers import RunAnswers
from engine.interpreter import Interpreter
from engine.models.backends import Capabilities
from engine.models.run import Asked, Shared
from engine.queries.asking import Source
from engine.queries.language import Language
from engine.queries.snowflake import SqlSharing
from engine.queries.snowflake.language import SqlData, SqlLanguage
from engine.queries.spark.language import PlanLanguage
from engine.queries.spark.requests import ParsedRequests
from engine.queries.spark.sharing import Sharing
from engine.sources.spool import Scratch

_Sharing = TypeVar("_Sharing", Sharing, SqlSharing)


class SharedQueries(abc.ABC, Generic[_Sharing]):
    """The queries that runs of a dataset share. Thread-safe.

    Attributes:
        of_data: those of its data, once it is opened; None if there are none.
    """

    def __init__(self) -> None:
        self.of_data: _Sharing | None = None
        self._of_baseline: _Sharing | None = None
        self._baseline_known = threading.Event()
        self._comparing: set[object] = set()
        self._settled: set[object] = set()
        self._lock = threading.Lock()

    def begin(self, source: Source | None, runs: Iterable[object]) -> None:
        """Let runs share the queries of their data, or none at all.

        Args:
            source: the data; None: each frame asks for itself.
            runs: for each run the object by which its calls are told from those of others.
        """
        with self._lock:
            if source is None:
                self._baseline_known.set()
                return
            self.of_data = self._share(source)
            for run in runs:
                self.of_data.expect(run)

    def begin_baseline(self, source: Source, given: Sequence[Members], *, repeated: bool) -> _Sharing:
        """Let the runs that compare share the queries of the baseline, which are returned.

        Args:
            source: the baseline.
            given: the members of its segments, which are those of the data.
            repeated: whether several frames of the data have the same one of it.
        """
        with self._lock:
            sharing = self._share(source, given, repeated=repeated)
            for run in self._comparing - self._settled:
                sharing.expect(run)
            self._of_baseline = sharing
        self._baseline_known.set()
        return sharing

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

    def of_baseline(self, context: QueryContext) -> _Sharing | None:
        """Those of the baseline; its segments are those of the data, so they are waited for.

        Raises:
            Interrupted: who asks waits no longer.
        """
        context.wait(self._baseline_known)
        return self._of_baseline

    def report(self, run: object) -> tuple[Shared, ...]:
        """How the questions of a run were answered, those about the data first."""
        own: tuple[Shared, ...] = () if self.of_data is None else self.of_data.report(run)
        other: tuple[Shared, ...] = () if self._of_baseline is None else self._of_baseline.report(run)
        return (*own, *(replace(one, plan=f"baseline: {one.plan}") for one in other))

    def answers(
        self,
        run: object,
        source: Source,
        baseline: Source | None,
        *,
        share: bool,
        checked: bool,
        interpreter: Interpreter,
        asked: list[Asked] | None = None,
        scratch: Scratch | None = None,
    ) -> RunAnswers[_Sharing]:
        """Who answers what the calls of one run ask.

        Args:
            run: whose calls they are.
            source: its data.
            baseline: what it compares them with.
            share: whether it shares anything with others.
            checked: whether what is asked is looked at; else it shares nothing.
            interpreter: where what it asks is parsed.
            asked: is given each question.
            scratch: makes files for what functions of the author give; None: the backend reads none.
        """
        sharing = self.of_data if share and checked else None
        language = self._language(
            source, baseline, sharing, checked=checked, interpreter=interpreter, scratch=scratch
        )
        second = None if sharing is None else self.of_baseline
        return RunAnswers(language, sharing, run, asked=asked, baseline=second)

    @abc.abstractmethod
    def _language(
        self,
        source: Source,
        baseline: Source | None,
        sharing: _Sharing | None,
        *,
        checked: bool,
        interpreter: Interpreter,
        scratch: Scratch | None,
    ) -> Language[_Sharing]:
        """What one run asks with; arguments as of `answers`."""

    @abc.abstractmethod
    def _share(self, source: Source, given: Sequence[Members] = (), *, repeated: bool = False) -> _Sharing:
        """Queries that runs share of a source; arguments as of `begin_baseline`."""


class SharedPlans(SharedQueries[Sharing]):
    """Those of backends that take plans of Spark Connect."""

    def _language(
        self,
        source: Source,
        baseline: Source | None,
        sharing: Sharing | None,
        *,
        checked: bool,
        interpreter: Interpreter,
        scratch: Scratch | None,
    ) -> PlanLanguage:
        columns, texts = frozenset(source.columns), source.texts
        if baseline is not None:  # what is sure of a name is so in both
            columns, texts = columns & frozenset(baseline.columns), texts & baseline.texts
        requests = ParsedRequests(columns, source.plan.time.as_of, texts, source.account, interpreter)
        described = None if sharing is None else sharing.described
        return PlanLanguage(source.session, requests, checked, scratch, described)

    def _share(self, source: Source, given: Sequence[Members] = (), *, repeated: bool = False) -> Sharing:
        return Sharing(source, given, repeated=repeated)


class SharedSql(SharedQueries[SqlSharing]):
    """Those of backends that speak SQL."""

    def _language(
        self,
        source: Source,
        baseline: Source | None,
        sharing: SqlSharing | None,
        *,
        checked: bool,
        interpreter: Interpreter,
        scratch: Scratch | None,
    ) -> SqlLanguage:
        del sharing, checked, scratch  # what plans alone need
        session, names = source.session.sql, source.columns
        assert session is not None
        data = SqlData(source.full, names)
        if baseline is not None:
            both = tuple(name for name in names if name in baseline.columns)
            data = SqlData(source.full, both, baseline.overall, (names, baseline.columns))
        return SqlLanguage(session, data, source.account, interpreter)

    def _share(self, source: Source, given: Sequence[Members] = (), *, repeated: bool = False) -> SqlSharing:
        del repeated  # each query is asked once for all frames, or once for a family
        assert source.session.sql is not None
        return SqlSharing(source, source.session.sql, given)


def shared_queries(capabilities: Capabilities) -> SharedPlans | SharedSql:
    """The queries that runs share on a backend, of which nothing is known yet."""
    return SharedSql() if capabilities.speaks_sql else SharedPlans()
