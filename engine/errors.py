"""Every error that leaves this package, in one tree.

    CalcmetricError
    ├── SourceRefused      the author's source has problems; nothing ran
    │   └── SourcesRefused some of several sources have problems
    ├── UsageError         a bad argument: dataset, segment group, time range, column, limit
    │   ├── ParamsRefused  parameters of metrics that do not fit what they declare, or the data; nothing ran
    │   └── DataError      the data cannot be read as asked: missing file, wrong column, unknown format
    ├── IsolationError     this host cannot confine as the policy requires; the engine did not start
    ├── BackendError       the data engine refused or failed one query
    │   ├── BackendStartError   it could not be started or reached
    │   │   ├── SparkNeeded         a question was left to Spark, which does not start
    │   │   └── OpenNetworkError   it would start where nothing confines its network, which nobody accepted
    │   ├── AnswerTooLarge      its answer was longer than any is read
    │   └── BackendLost    it died, or was restarted, while it was answering; asking again may work
    ├── Interrupted        a query was stopped because its deadline passed or its run was cancelled
    ├── PlanRefused        the gateway does not let this request through
    ├── LimitExceeded      a limit of the run was reached
    ├── EngineBusy         one tenant has too many runs; ask again later
    ├── EngineClosed       the engine was closed
    └── ForkedEngine       the engine was started in another process

Each message says what happened, where, and what to do. None holds a host path, an address or a
credential unless the caller gave it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sandbox.contract.messages import Problem


class CalcmetricError(Exception):
    """The root of all errors of calcmetric."""


class SourceRefused(CalcmetricError):
    """The source has problems; nothing of it ran.

    Attributes:
        problems: every problem found, warnings included, in source order.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        errors = [problem for problem in problems if problem.severity == "error"]
        lines = [
            f"line {problem.line}, column {problem.column}: {problem.message}"
            + (f" ({problem.hint})" if problem.hint else "")
            for problem in errors
        ]
        super().__init__("\n".join(["the source is refused:", *lines]))


class SourcesRefused(SourceRefused):
    """Some of several sources have problems; none of them ran.

    Attributes:
        by_metric: the problems of each refused source, by the name of its metric.
    """

    def __init__(self, by_metric: Mapping[str, tuple[Problem, ...]]) -> None:
        super().__init__(tuple(problem for problems in by_metric.values() for problem in problems))
        self.by_metric = dict(by_metric)
        told = [f"{name}: {SourceRefused(problems)}" for name, problems in by_metric.items()]
        self.args = ("\n".join(told),)


class UsageError(CalcmetricError, ValueError):
    """An argument makes no sense; the message says which, and what would."""


class ParamsRefused(UsageError):
    """Parameters do not fit what calc_metric declares, or name columns that the data does not have.

    Attributes:
        by_metric: every problem of each metric that has some, by the name of the metric.
    """

    def __init__(self, by_metric: Mapping[str, tuple[Problem, ...]]) -> None:
        self.by_metric = dict(by_metric)
        lines = [
            f"{problem.message} ({problem.hint})" if problem.hint else problem.message
            for problems in by_metric.values()
            for problem in problems
        ]
        super().__init__("\n".join(["the parameters are refused:", *lines]))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems of all metrics."""
        return tuple(problem for problems in self.by_metric.values() for problem in problems)


class DataError(UsageError):
    """The data cannot be read as asked; the message says what is missing, and what there is instead.

    Attributes:
        code: a documented, stable code such as "csv-ragged"; "data-error" for what has none of its own.
    """

    def __init__(self, message: str, *, code: str = "data-error") -> None:
        super().__init__(message)
        self.code = code


class IsolationError(CalcmetricError):
    """This host cannot confine workers as required; the message names the missing protection."""


class BackendError(CalcmetricError):
    """The data engine failed a query.

    Attributes:
        condition: Spark's error condition such as "DIVIDE_BY_ZERO" or
            "UNRESOLVED_COLUMN.WITH_SUGGESTION"; "" if the backend gave none.
        exception: the exception class that the server named, such as
            "org.apache.spark.sql.AnalysisException"; may be "".
        sql_state: five characters, or "".
        parameters: the condition's message parameters, as the backend gave them.
        detail: the backend's own text. For logs; it may hold paths, so it is never shown to a guest.
    """

    def __init__(
        self,
        detail: str,
        *,
        condition: str = "",
        exception: str = "",
        sql_state: str = "",
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.condition = condition
        self.exception = exception
        self.sql_state = sql_state
        self.parameters = dict(parameters or {})


class BackendStartError(BackendError):
    """The backend could not be started or reached; the message says why and what to do.

    Args:
        message: what happened, why, and what to do.
        detail: all that the backend itself said, for logs.
    """

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail or message


class SparkNeeded(BackendStartError):
    """A question could not be answered natively, and Spark, which it was left to, does not start.

    Attributes:
        reason: why it could not, as the report of a run tells it.
    """

    def __init__(self, message: str, reason: str, *, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.reason = reason


class OpenNetworkError(BackendStartError, IsolationError):
    """A local server would start where nothing confines its network, and nobody has accepted that."""


class AnswerTooLarge(BackendError):
    """An answer was longer than any is read: a type of many megabytes, or one row of hundreds."""


class BackendLost(BackendError):
    """The backend died or was restarted in the middle of a query. The same query may be asked again.

    Attributes:
        by_this_query: whether it died of this very query: of it alone, and not for the first time.
    """

    by_this_query: bool = False


class Interrupted(CalcmetricError):
    """A query was stopped.

    Attributes:
        reason: "deadline" if its deadline passed, "cancelled" if its cancel event was set.
    """

    def __init__(self, reason: Literal["deadline", "cancelled"]) -> None:
        super().__init__(reason)
        self.reason = reason


class PlanRefused(CalcmetricError):
    """The gateway does not let a request through.

    Attributes:
        code: a documented, stable code such as "function-refused".
        message: what was refused and why, in the author's words.
        hint: what to use instead.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(f"{message} ({hint})" if hint else message)
        self.code = code
        self.message = message
        self.hint = hint


class LimitExceeded(CalcmetricError):
    """A limit was reached.

    Attributes:
        limit: the field of `Limits`.
        value: the limit.
        used: what was used when it was noticed.
    """

    def __init__(self, limit: str, value: float, used: float) -> None:
        super().__init__(f"{limit}: {used:g} used, {value:g} allowed")
        self.limit = limit
        self.value = value
        self.used = used


class EngineBusy(CalcmetricError):
    """A tenant has as many runs as may run and wait at a time; submit more once some have ended."""


class EngineClosed(CalcmetricError):
    """The engine was closed; make a new one."""


class ForkedEngine(CalcmetricError):
    """The engine was made in another process, and does not survive a fork; make one in this process."""
