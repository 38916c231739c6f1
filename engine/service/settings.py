"""What the operator of a service decides, in one object."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Final

from engine.errors import UsageError
from engine.models import parse_duration
from engine.models.isolation import FILES_AND_NETWORK, ServerIsolation
from engine.models.targets import parse_target
from engine.models.urls import SPOOL_BYTES
from engine.service.urls import read_url
from engine.wording import worded
from sandbox.contract.limits import Limits

# A service keeps what is printed, for each frame of each calculation: less of it than a run by hand shows.
LIMITS: Final = Limits(printed_bytes=4 << 10)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a server or a worker.

    Attributes:
        database: SQLAlchemy URL, "sqlite:///calcmetric.db" or "postgresql+psycopg://...".
        data_roots: folders that datasets may be in; also places in object stores, and prefixes of URLs for
            backends elsewhere.
            "acme=/data/a" is for one account, "*=/data" for all; without either it is for the only account,
            and nobody's once there are two.
        tables: patterns of table names that datasets may name, such as "metrics.*"; likewise.
        backend: as for `Engine`.
        native: as for `Engine`.
        verify: as for `Engine`.
        warm: as for `Engine`, but on by default: a service lives long, and Java takes seconds to start.
        server_isolation: as for `Engine`.
        imports: `extra_imports` of `Engine`.
        limits: the limits of each run.
        body_bytes: the most that the body of a request may have.
        requests_per_minute: of one key, or of one address without a valid key, on all servers together.
        poll_seconds: how long the poll of a pending validation waits for news.
        validations: how many validations run at a time.
        calculations: how many claims of due work run at a time.
        connections: the most that are open at a time; the one that is silent for longest makes room.
        idle_seconds: how long a connection may take to send a request's head, and then its body.
        server_per_tenant: as for `Engine`, a tenant being an account.
        engine_memory: `memory_bytes` of `Engine`.
        native_memory: `native_memory_bytes` of `Engine`.
        spool_bytes: as for `Engine`.
        tick_seconds: how often the schedule is looked at.
        lease_seconds: after how long without a sign of life another process takes over.
        attempts: how often work is tried before it is given up as poison, which is retried less and less
            often.
        keep: how long results, logs and validations are kept, such as "400d", but never less than a model's
            retention; None: for ever.
        values: how many series of newest values `/metrics` shows to a key for values; None: none.
        otlp: URL of an OpenTelemetry collector that the server sends newest values to; None: to nobody.
        webhooks: beginnings of URLs that rules may send to, such as "https://hooks.example.com/"; a name that
            leads to an inner address is refused all the same, an address that is written here is not.
        save_results: a table that each result is appended to as well, "delta:PATH_OR_URL" or
            "parquet:PATH_OR_URL"; None: none.
        calculate: whether the server calculates by itself, beside workers.

    Raises:
        UsageError: one makes no sense.
    """

    database: str = "sqlite:///calcmetric.db"
    data_roots: tuple[str, ...] = (".",)
    tables: tuple[str, ...] = ()
    backend: str = "spark"
    native: bool = True
    verify: float = 0.0
    warm: bool = True
    server_isolation: ServerIsolation = FILES_AND_NETWORK
    imports: tuple[str, ...] = ()
    limits: Limits = field(default=LIMITS)
    body_bytes: int = 1 << 20
    requests_per_minute: int = 1_200
    poll_seconds: float = 1.0
    validations: int = 4
    calculations: int = 2
    connections: int = 512
    idle_seconds: float = 20.0
    server_per_tenant: bool = False
    engine_memory: int = 2 << 30
    native_memory: int | None = None
    spool_bytes: int = SPOOL_BYTES
    tick_seconds: float = 5.0
    lease_seconds: float = 30.0
    attempts: int = 5
    keep: str | None = None
    values: int | None = None
    otlp: str | None = None
    webhooks: tuple[str, ...] = ()
    save_results: str | None = None
    calculate: bool = True

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if type(value) in (int, float) and not value > 0 and one.name != "verify":
                raise UsageError(worded(f"{{setting_{one.name}}} must be positive, not {value}"))
        if self.keep is not None:
            parse_duration(self.keep, what="keep")
        if self.save_results is not None and parse_target(self.save_results) is None:
            raise UsageError(
                worded(
                    "{setting_save_results} {one}: write delta:PATH or parquet:PATH",
                    one=repr(self.save_results),
                )
            )
        for webhook in self.webhooks:
            try:
                read_url(webhook)
            except ValueError as error:
                raise UsageError(
                    worded("{setting_webhooks} {one}: {why}", one=repr(webhook), why=str(error))
                ) from None


def make_limits(*, wall_seconds: float, frame_seconds: float, memory_bytes: int) -> Limits:
    """The limits of each run, from the command line's options.

    Raises:
        UsageError: one makes no sense.
    """
    named = {"wall_seconds": wall_seconds, "frame_seconds": frame_seconds, "memory_bytes": memory_bytes}
    for name, value in named.items():
        if not value > 0:
            raise UsageError(worded(f"{{setting_{name}}} must be positive, not {value}"))
    return replace(LIMITS, wall_seconds=wall_seconds, frame_seconds=frame_seconds, memory_bytes=memory_bytes)
