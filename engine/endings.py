"""The log's word for every server, worker and sandbox process that the engine ends: which, and why.

In one place, so that no ending is silent: whoever reads the log of a service that lost time to a restart
must find its reason there.
"""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)


def tell_ending(what: str, reason: str, *, level: int = logging.WARNING) -> None:
    """Say that something is ended.

    Args:
        what: which server, worker or process.
        reason: why, as the end of "... is ended: ".
        level: DEBUG for an end in good order, INFO for one that a limit or a caller asked for.
    """
    logger.log(level, "%s is ended: %s", what, reason)
