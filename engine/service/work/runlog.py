"""The log of a run: to the process's log, and to the database, for clients of its workspace."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from engine.failures import describe
from engine.service.store.database import Database
from engine.service.store.tables import RunEvent

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunLog:
    """Where one run tells what it does. A line that cannot be kept is in the process's log all the same.

    Attributes:
        database: the service's database, in which lines are kept.
        run_id: the id of the run.
        account: the account that the run belongs to.
        workspace: the workspace that the run belongs to.
    """

    database: Database
    run_id: str
    account: str
    workspace: str

    def tell(self, message: str, *, level: int = logging.INFO, **details: Any) -> None:
        """Log a line.

        Args:
            message: what happened; no secrets, no host paths.
            level: one of the levels of `logging`.
            details: more about it, as JSON values; no secrets, no host paths.
        """
        about = {"run_id": self.run_id, "account": self.account, "workspace": self.workspace}
        logger.log(level, "%s", message, extra={**about, "details": details})
        event = RunEvent(**about, level=logging.getLevelName(level).lower(), message=message, details=details)
        try:
            with self.database.session() as session:
                session.add(event)
        except SQLAlchemyError as error:
            logger.error("a line of a run's log could not be kept: %s", describe(error), extra=about)


def log_of(account: str, workspace: str, run_id: str) -> sa.Select[RunEvent]:
    """The lines of a run; none if the run is of another workspace."""
    mine = (RunEvent.run_id == run_id, RunEvent.account == account, RunEvent.workspace == workspace)
    return sa.select(RunEvent).where(*mine)
