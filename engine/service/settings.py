"""What the operator of a service decides, in one object."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.contract.limits import Limits


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a server or a worker.

    Attributes:
        database: SQLAlchemy URL, "sqlite:///calcmetric.db" or "postgresql+psycopg://...".
        data_roots: folders that datasets may be in; also prefixes of URLs, for backends elsewhere.
        tables: patterns of table names that datasets may name, such as "metrics.*".
        backend: as for `Engine`.
        limits: of each run.
        body_bytes: the most that the body of a request may have.
        requests_per_minute: of one key, or of one address without a valid key.
        poll_seconds: how long the poll of a pending validation waits for news.
        validations: how many validations run at a time.
        tick_seconds: how often the schedule is looked at.
        lease_seconds: after how long without a sign of life another process takes over.
        attempts: how often work is tried before it is given up as poison.
        calculate: whether the server calculates by itself, beside workers.
    """

    database: str = "sqlite:///calcmetric.db"
    data_roots: tuple[str, ...] = (".",)
    tables: tuple[str, ...] = ()
    backend: str = "spark"
    limits: Limits = field(default_factory=Limits)
    body_bytes: int = 1 << 20
    requests_per_minute: int = 1_200
    poll_seconds: float = 1.0
    validations: int = 4
    tick_seconds: float = 5.0
    lease_seconds: float = 30.0
    attempts: int = 5
    calculate: bool = True
