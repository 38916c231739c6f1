"""What operators see: log lines as JSON, and counters for Prometheus. No keys, no codes, no query strings."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine import Verified
from engine.tenants.usage import Usage, Used

logger = logging.getLogger(__name__)

# Fields that log calls hand over as `extra`.
_EXTRA: Final = (
    "run_id", "account", "workspace", "method", "route", "status", "seconds", "limit", "details",
)  # fmt: skip
# Where the HTTP API is, and in it the resources of a workspace.
API: Final = "/api/"
PREFIX: Final = f"{API}v1/{{account}}/{{workspace}}"
_ACCOUNT: Final = ("account",)
_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({name: getattr(record, name) for name in _EXTRA if hasattr(record, name)})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def log_to_stderr() -> None:
    """Let every log line of this process be JSON on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel("INFO")
    for chatty in ("alembic", "sqlalchemy", "uvicorn.access", "py4j", "pyspark"):
        logging.getLogger(chatty).setLevel("WARNING")


class Telemetry:
    """The counters of one process.

    Attributes:
        refusals: requests that were refused to accounts, by their quotas.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.refusals = Usage()
        self._accounts = CollectorRegistry()
        self._used: Callable[[], Mapping[str, Used]] = dict
        self._verified: Callable[[], Verified] = lambda: Verified(0, 0, ())
        self.registry.register(_Comparisons(lambda: self._verified()))
        self._accounts.register(_Accounts(lambda: self._used(), self.refusals))
        self.requests = Counter(
            "calcmetric_http_requests",
            "Answered requests",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.latency = Histogram(
            "calcmetric_http_seconds", "Time to answer", ("method", "route"), registry=self.registry
        )
        self.calculated = Counter(
            "calcmetric_results", "Results of calculations", ("status",), registry=self.registry
        )
        self.runs = Counter("calcmetric_runs", "Runs by outcome", ("outcome",), registry=self.registry)
        self.validations = Counter(
            "calcmetric_validations", "Ended validations", ("status",), registry=self.registry
        )
        self.work = Gauge("calcmetric_work", "Pieces of work by state", ("state",), registry=self.registry)

    def watch(self, used: Callable[[], Mapping[str, Used]], verified: Callable[[], Verified]) -> None:
        """Show what accounts have used of an engine, too, and what its native answers were found to be."""
        self._used, self._verified = used, verified

    def text(self, *, accounts: bool = False) -> bytes:
        """The exposition, with or without what tells one account from another."""
        shown = generate_latest(self.registry)
        return shown + generate_latest(self._accounts) if accounts else shown


class _Comparisons(Collector):
    """What native answers were found to be."""

    def __init__(self, verified: Callable[[], Verified]) -> None:
        self._verified = verified

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """The families, made anew each time."""
        found = self._verified()
        compared = CounterMetricFamily(
            "calcmetric_native_verified",
            "Native answers that were compared with Spark's",
            labels=("outcome",),
        )
        compared.add_metric(("equal",), found.equal)
        compared.add_metric(("different",), found.different)
        off = GaugeMetricFamily("calcmetric_native_off", "Functions and steps that are left to Spark since")
        off.add_metric((), len(found.off))
        yield from (compared, off)


class _Accounts(Collector):
    """What each account has used, and which of its limits and quotas were reached how often."""

    def __init__(self, used: Callable[[], Mapping[str, Used]], refusals: Usage) -> None:
        self._used = used
        self._refusals = refusals

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """The families, made anew each time."""
        of_engine, of_service = self._used(), self._refusals.by_tenant()
        seconds = _counter("processor_seconds", "Processor time of workers, and of the engine for them", "of")
        queries = _counter("queries", "Queries and analyses on the backend")
        fetched = _counter("fetched_bytes", "Arrow bytes that metrics fetched")
        kept = GaugeMetricFamily("calcmetric_account_kept_bytes", "Bytes that are kept now", labels=_ACCOUNT)
        refused = _counter("refused", "How often a limit or a quota was reached", "limit")
        for account, used in of_engine.items():
            seconds.add_metric((account, "workers"), used.worker_seconds)
            seconds.add_metric((account, "engine"), used.engine_seconds)
            queries.add_metric((account,), used.queries)
            fetched.add_metric((account,), used.fetched_bytes)
            kept.add_metric((account,), used.kept_bytes)
        for found in (of_engine, of_service):
            for account, used in found.items():
                for limit, times in used.refused.items():
                    refused.add_metric((account, limit), times)
        yield from (seconds, queries, fetched, kept, refused)


def _counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"calcmetric_account_{name}", text, labels=(*_ACCOUNT, *labels))


class Observed:
    """Middleware: counts, times and logs each request by its route's template."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; then count and log it with its route, status and duration."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.monotonic(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._note(scope, status, time.monotonic() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        if route.startswith("/") and scope["path"].startswith("/api/v1/") and not route.startswith(PREFIX):
            route = PREFIX + route  # a route of an included router may know its own part only
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._telemetry.requests.labels(method, route, str(status)).inc()
        self._telemetry.latency.labels(method, route).observe(seconds)
        extra = {"method": method, "route": route, "status": status, "seconds": round(seconds, 4)}
        if account := scope.get("state", {}).get("account"):  # known by its key
            extra["account"] = account
        logger.info("request", extra=extra)
