"""What the options of `calcmetric run` hold, by the names that click gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from engine.models.isolation import ServerIsolation


class RunCommandOptions(TypedDict):
    """The options, but for those that `run` itself looks at; None: left out, without a default."""

    timestamp: str | None
    retention: str | None
    csv_header: bool | None
    csv_separator: str | None
    csv_encoding: str | None
    csv_quote: str | None
    start: str | None
    end: str | None
    last: str | None
    as_of: str | None
    every: str | None
    zone: str | None
    by: Sequence[str]
    top: int
    buckets: Sequence[str]
    where: Sequence[str]
    cross: Sequence[str]
    param: Sequence[str]
    baseline: str | None
    baseline_timestamp: str | None
    native: bool
    verify: float
    native_memory: str | None
    spool_bytes: str
    server_isolation: ServerIsolation
    imports: tuple[str, ...]
    timeout: float
    frame_timeout: float | None
    cpu_timeout: float | None
    memory: str
    fetch_rows: int
    fetch_size: str
    requests: int
    print_size: str
    source_size: str
    no_fuse: bool
    explain: bool
    save: Sequence[str]
    report: str | None
