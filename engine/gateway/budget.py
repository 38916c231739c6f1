"""What one frame has used of its limits. Exceeding one raises; the frame's worker is then ended."""

from __future__ import annotations

from engine.errors import LimitExceeded
from sandbox.contract.limits import Limits

# Messages that are charged to no limit (printed text, reads of configuration). An honest worker sends few: it
# puts prints together, and knows the configuration itself.
CHEAP_MESSAGES = 1_000
# How long each message of printed text beyond the limit, and each beyond many that are charged to no limit,
# waits: a guest that floods waits too, instead of keeping the engine from other guests.
FLOOD_SECONDS = 0.001
CUT_MARK = "\n[cut: the limit printed_bytes was reached]\n"


class FrameBudget:
    """Counts the plans, fetched rows, fetched bytes and printed bytes of one frame."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.plans = 0
        self.rows = 0
        self.bytes = 0
        self._messages = 0
        self._printed = bytearray()
        self._cut = False

    def charge_plan(self) -> None:
        """Count one request with a plan.

        Raises:
            LimitExceeded: it is one too many.
        """
        self.plans += 1
        self._check("plans", self._limits.plans, self.plans)

    def charge_fetch(self, rows: int, size: int) -> None:
        """Count rows and Arrow bytes before they are handed to the worker.

        Raises:
            LimitExceeded: the call has fetched more than it may.
        """
        self.rows += rows
        self.bytes += size
        self._check("fetched_rows", self._limits.fetched_rows, self.rows)
        self._check("fetched_bytes", self._limits.fetched_bytes, self.bytes)

    def note_cheap(self) -> bool:
        """Count a message that costs the frame nothing else; True once there were many."""
        self._messages += 1
        return self._messages > CHEAP_MESSAGES

    def keep_printed(self, data: bytes) -> bool:
        """Keep printed text up to the limit; the rest is cut, and only marked. False if nothing was kept."""
        left = self._limits.printed_bytes - len(self._printed)
        self._cut = self._cut or len(data) > left
        self._printed += data[: max(left, 0)]
        return left > 0

    @property
    def printed(self) -> str:
        """The text kept, with the mark if it was cut."""
        return self._printed.decode("utf-8", "replace") + (CUT_MARK if self._cut else "")

    @staticmethod
    def _check(name: str, limit: int, used: int) -> None:
        if used > limit:
            raise LimitExceeded(name, limit, used)
