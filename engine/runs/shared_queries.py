"""What runs of a dataset ask together: of its data, and of the baseline that some of them compare it with.

Here Spark's road and Snowpark's part: what the engine's backend speaks decides who shares the questions of
runs, and who answers them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

from engine.context import QueryContext, RunId
from engine.frames import Members
from engine.gateway.answers import RunAnswers
from engine.models.backends import Capabilities
from engine.models.run import Asked, Shared
from engine.queries.asking import FrameSource
from engine.queries.language import Language
from engine.queries.spark.language import PlanLanguage
from engine.queries.spark.requests import ParsedRequests
from engine.queries.spark.sharing import Sharing
from engine.sources.spool import Scratch
from engine.tenants.interpreter import Interpreter

if TYPE_CHECKING:
    from engine.queries.snowflake import SqlSharing
    from engine.queries.snowflake.language import SqlLanguage

_Sharing = TypeVar("_Sharing", Sharing, "SqlSharing")


class QueryLanguage(Protocol[_Sharing]):
    """Makes what answers questions in one query language."""

    def share(
        self, source: FrameSource, given: Sequence[Members] = (), *, repeated: bool = False
    ) -> _Sharing:
        """What runs share of a source; arguments as of `SharedQueries.begin_baseline`."""
        ...

    def of_run(
        self, source: FrameSource, baseline: FrameSource | None, sharing: _Sharing | None, reading: Reading
    ) -> Language[_Sharing]:
        """What one run asks with.

        Args:
            source: its data.
            baseline: what it compares them with.
            sharing: what it shares with others; None: nothing.
            reading: how what it asks is read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """How what a run asks is read.

    Attributes:
        interpreter: where it is parsed.
        checked: whether it is checked; for tests alone it is not.
        scratch: makes files for what functions of the author give; None: the backend reads none.
    """

    interpreter: Interpreter
    checked: bool = True
    scratch: Scratch | None = None


class SharedQueries(Generic[_Sharing]):
    """The queries that runs of a dataset share. Thread-safe.

    Attributes:
        of_data: those of its data, once it is opened; None if there are none.
    """

    def __init__(self, language: QueryLanguage[_Sharing]) -> None:
        """Share nothing yet.

        Args:
            language: what they are asked in.
        """
        self.of_data: _Sharing | None = None
        self._language: QueryLanguage[_Sharing] = language
        self._of_baseline: _Sharing | None = None
        self._baseline_known = threading.Event()
        self._comparing: set[RunId] = set()
        self._settled: set[RunId] = set()
        self._lock = threading.Lock()

    def begin(self, source: FrameSource | None, runs: Iterable[RunId]) -> None:
        """Let runs share the queries of their data, or none at all.

        Args:
            source: the data; None: each frame asks for itself.
            runs: all of them.
        """
        with self._lock:
            if source is None:
                self._baseline_known.set()
                return
            self.of_data = self._language.share(source)
            for run in set(runs) - self._settled:
                self.of_data.expect(run)

    def begin_baseline(self, source: FrameSource, given: Sequence[Members], *, repeated: bool) -> _Sharing:
        """Let the runs that compare share the queries of the baseline, which are returned.

        Args:
            source: the baseline.
            given: the members of its segments, which are those of the data.
            repeated: whether several frames of the data have the same one of it.
        """
        with self._lock:
            sharing = self._language.share(source, given, repeated=repeated)
            for run in self._comparing - self._settled:
                sharing.expect(run)
            self._of_baseline = sharing
        self._baseline_known.set()
        return sharing

    def compare(self, run: RunId) -> None:
        """A run's metric takes the baseline."""
        with self._lock:
            self._comparing.add(run)

    def settle(self, run: RunId) -> None:
        """The first call of a run has ended, or will not be made: nothing waits for what it asks first."""
        with self._lock:
            self._settled.add(run)
            shared = [one for one in (self.of_data, self._of_baseline) if one is not None]
        for one in shared:
            one.withdraw(run)

    def of_baseline(self, context: QueryContext) -> _Sharing | None:
        """Those of the baseline; its segments are those of the data, so they are waited for.

        Raises:
            Interrupted: who asks waits no longer.
        """
        context.wait(self._baseline_known)
        return self._of_baseline

    def report(self, run: RunId) -> tuple[Shared, ...]:
        """How the questions of a run were answered, those about the data first."""
        own: tuple[Shared, ...] = () if self.of_data is None else self.of_data.report(run)
        other: tuple[Shared, ...] = () if self._of_baseline is None else self._of_baseline.report(run)
        return (*own, *(replace(one, plan=f"baseline: {one.plan}") for one in other))

    def answers(
        self,
        run: RunId,
        source: FrameSource,
        baseline: FrameSource | None,
        reading: Reading,
        *,
        share: bool,
        asked: list[Asked] | None = None,
    ) -> RunAnswers[_Sharing]:
        """Who answers what the calls of one run ask.

        Args:
            run: whose calls they are.
            source: its data.
            baseline: what it compares them with.
            reading: how what they ask is read; what is not checked is not shared.
            share: whether it shares anything with others.
            asked: is given each question.
        """
        sharing = self.of_data if share and reading.checked else None
        language = self._language.of_run(source, baseline, sharing, reading)
        second = None if sharing is None else self.of_baseline
        return RunAnswers(language, run, sharing, asked=asked, baseline=second)


class Plans:
    """Plans of Spark Connect; see `QueryLanguage`."""

    def share(self, source: FrameSource, given: Sequence[Members] = (), *, repeated: bool = False) -> Sharing:
        """See `QueryLanguage.share`."""
        return Sharing(source, given, repeated=repeated)

    def of_run(
        self, source: FrameSource, baseline: FrameSource | None, sharing: Sharing | None, reading: Reading
    ) -> PlanLanguage:
        """See `QueryLanguage.of_run`."""
        columns, texts = frozenset(source.columns), source.texts
        if baseline is not None:  # what is sure of a name is so in both
            columns, texts = columns & frozenset(baseline.columns), texts & baseline.texts
        now, interpreter = source.plan.time.as_of, reading.interpreter
        requests = ParsedRequests(columns, now, texts, source.account, interpreter)
        described = None if sharing is None else sharing.described
        return PlanLanguage(source.session, requests, reading.checked, reading.scratch, described)


class Sql:
    """Snowpark's SQL; see `QueryLanguage`. It is imported when it is spoken, which most engines never do."""

    def share(
        self, source: FrameSource, given: Sequence[Members] = (), *, repeated: bool = False
    ) -> SqlSharing:
        """See `QueryLanguage.share`."""
        del repeated  # each query is asked once for all frames, or once for a family
        assert source.session.sql is not None
        from engine.queries.snowflake import SqlSharing

        return SqlSharing(source, source.session.sql, given)

    def of_run(
        self, source: FrameSource, baseline: FrameSource | None, sharing: SqlSharing | None, reading: Reading
    ) -> SqlLanguage:
        """See `QueryLanguage.of_run`."""
        del sharing  # its columns are remembered for each run
        from engine.queries.snowflake.language import SqlData, SqlLanguage

        session, names = source.session.sql, source.columns
        assert session is not None
        data = SqlData(source.full, names)
        if baseline is not None:
            both = tuple(name for name in names if name in baseline.columns)
            data = SqlData(source.full, both, baseline.overall, (names, baseline.columns))
        return SqlLanguage(session, data, source.account, reading.interpreter)


# In one of the query languages that there are.
AnySharedQueries: TypeAlias = "SharedQueries[Sharing] | SharedQueries[SqlSharing]"


def shared_queries(capabilities: Capabilities) -> AnySharedQueries:
    """The queries that runs share on a backend, of which nothing is known yet."""
    return SharedQueries(Sql()) if capabilities.speaks_sql else SharedQueries(Plans())
