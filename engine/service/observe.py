"""What operators see: log lines as JSON, and counters for Prometheus. No keys, no codes, no query strings."""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

# Fields that log calls hand over as `extra`.
_EXTRA: Final = ("run_id", "account", "workspace", "method", "route", "status", "seconds", "details")
# Where the resources of a workspace are.
PREFIX: Final = "/api/v1/{account}/{workspace}"
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


def log_to_stderr(level: str = "INFO") -> None:
    """Let every log line of this process be JSON on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("alembic", "sqlalchemy", "uvicorn.access", "py4j", "pyspark"):
        logging.getLogger(chatty).setLevel("WARNING")


class Telemetry:
    """The counters of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
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

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self.registry)


class Observed:
    """Middleware: counts, times and logs each request by its route's template."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and note it."""
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
        logger.info("request", extra=extra)
