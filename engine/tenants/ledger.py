"""Bytes that the engine keeps on guests' behalf: an account for each run, in its tenant's and the engine's.

The engine is one process for all tenants, so what it keeps for one is memory that others lack. Whatever it
keeps for longer than it takes to pass it on (shared answers, merge states, parsed requests, plans, types) is
taken from an account before it is kept. Where there is no room nothing fails: frames then ask for themselves,
which costs their run time and the engine nothing. What is passed on at once is bounded on the wire instead.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Final

from engine.errors import UsageError
from engine.tenants.usage import Usage
from engine.wording import worded


@dataclass(frozen=True, slots=True)
class Caps:
    """The most bytes that are kept.

    Attributes:
        engine: for all tenants together.
        tenant: for one of them; less than all, so that one alone cannot take what others need.
        run: for one run.
    """

    engine: int = 768 << 20
    tenant: int = 640 << 20
    run: int = 512 << 20


CAPS: Final = Caps()
# The memory of a process with an engine that keeps as much, and the least that an engine can do with. What is
# kept takes more than its bytes: copies while it is made, and what allocators do not give back at once.
MEMORY_BYTES: Final = 2 << 30
LEAST_MEMORY_BYTES: Final = 512 << 20


def caps_within(memory_bytes: int) -> Caps:
    """What may be kept by an engine whose process is to take no more memory than so many bytes.

    Three eighths of it; the rest is for the program itself, and for what is passed on at once.

    Raises:
        UsageError: that is too little.
    """
    if not memory_bytes >= LEAST_MEMORY_BYTES:
        least = f"{LEAST_MEMORY_BYTES >> 20} MiB"
        raise UsageError(worded(f"{{engine_memory}} must be at least {least}, not {memory_bytes:,} bytes"))
    most = (CAPS.engine, CAPS.tenant, CAPS.run)
    return Caps(*(cap * memory_bytes // MEMORY_BYTES for cap in most))


class Ledger:
    """The accounts of one engine. Thread-safe."""

    def __init__(self, caps: Caps = CAPS, usage: Usage | None = None) -> None:
        """Keep nothing yet.

        Args:
            caps: how much may be kept.
            usage: is told where there was no room; None: nobody is.
        """
        self._caps = caps
        self._usage = usage or Usage()
        self._lock = threading.Lock()
        self._kept = 0
        self._of_tenant: Counter[str] = Counter()

    @property
    def kept(self) -> int:
        """Bytes that are kept now."""
        return self._kept

    def by_tenant(self) -> dict[str, int]:
        """Bytes that are kept now, by tenant."""
        with self._lock:
            return dict(self._of_tenant)

    def open(self, tenant: str) -> Account:
        """An account for a run, or for runs that share a dataset."""
        return Account(self, tenant)

    def _take(self, account: Account, size: int) -> bool:
        with self._lock:
            full = self._full(account, size)
            if full is None:
                account._kept += size
                self._of_tenant[account.tenant] += size
                self._kept += size
        if full:
            self._usage.refuse(account.tenant, full)
        return full is None

    def _full(self, account: Account, size: int) -> str | None:
        """What has no room for so many bytes: the name of a cap, or nothing, of an account that is closed."""
        if account._closed:
            return ""
        if account._kept + size > self._caps.run:
            return "kept_bytes_of_run"
        if self._of_tenant[account.tenant] + size > self._caps.tenant:
            return "kept_bytes_of_tenant"
        return "kept_bytes_of_engine" if self._kept + size > self._caps.engine else None

    def _give(self, account: Account, size: int | None) -> None:
        with self._lock:
            given = account._kept if size is None else min(size, account._kept)
            account._kept -= given
            account._closed = account._closed or size is None
            self._kept -= given
            self._of_tenant[account.tenant] -= given
            if not self._of_tenant[account.tenant]:
                del self._of_tenant[account.tenant]


class Account:
    """What is kept for one run. Thread-safe.

    Attributes:
        tenant: whose run it is.
    """

    def __init__(self, ledger: Ledger, tenant: str) -> None:
        self.tenant = tenant
        self._ledger = ledger
        self._kept = 0
        self._closed = False

    @property
    def kept(self) -> int:
        """Bytes that are kept for it now."""
        return self._kept

    def take(self, size: int) -> bool:
        """Take room for so many bytes; False if there is none."""
        return self._ledger._take(self, size)

    def give(self, size: int) -> None:
        """Give room back."""
        self._ledger._give(self, size)

    def close(self) -> None:
        """Give all of it back, and take no more. May be called twice."""
        self._ledger._give(self, None)


def lone_account() -> Account:
    """An account of nobody's, for what is looked at outside of an engine."""
    return Ledger().open("")
