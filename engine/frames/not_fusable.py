"""Why a plan runs frame by frame."""

from __future__ import annotations


class NotFusable(Exception):
    """A plan, or a part of it, is not positively known to give the same answer for many frames at once.

    Attributes:
        reason: a clause for the run's report, such as "a join".
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
