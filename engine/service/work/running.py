"""Running one claim: its metrics together, until each is finished, or given back."""

from __future__ import annotations

import logging

from engine import Engine, ParamsRefused, SourcesRefused
from engine.errors import BackendError, CalcmetricError, EngineClosed, Interrupted
from engine.failures import describe
from engine.results.text import clean_text
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.telemetry.observe import Telemetry
from engine.service.work import leases
from engine.service.work.evaluation import Evaluation
from engine.service.work.finishing import Finisher
from engine.service.work.heartbeat import Heartbeat
from engine.service.work.runlog import RunLog
from engine.service.work.tasks import Task, load_task, split_comparing
from engine.wording import said

logger = logging.getLogger(__name__)


class ClaimRunner:
    """Runs claims, each in the thread that asks for it. Thread-safe."""

    def __init__(self, database: Database, engine: Engine, settings: Settings, telemetry: Telemetry) -> None:
        self._database = database
        self._settings = settings
        self._evaluation = Evaluation(database, engine, settings)
        self._finisher = Finisher(database, settings, telemetry)

    def run(self, claim: leases.Claim) -> list[int]:
        """Run a claim; return how many results each finished metric gave."""
        task = load_task(self._database, claim)
        if task is None:
            return []  # deleted meanwhile, with its work
        if task.dataset.timestamp is None:  # planned by an earlier version
            self._finisher.drop(claim)
            return []
        log = RunLog(self._database, claim.token, task.model.account, task.model.workspace)
        first = claim.first
        log.tell(
            "calculation begins",
            kind=first.kind,
            metrics=list(task.codes),
            dataset_id=task.dataset.id,
            start=first.start.isoformat(),
            end=first.end.isoformat(),
            every=first.every,
            attempt=first.attempts,
        )
        with Heartbeat(self._database, claim, self._settings.lease_seconds) as heartbeat:
            counts: list[int] = []
            for part, of in split_comparing(claim, task):
                counts += self._calculate(part, of, heartbeat, log)
            return counts

    def _calculate(self, claim: leases.Claim, task: Task, heartbeat: Heartbeat, log: RunLog) -> list[int]:
        """Calculate the metrics of a claim together; see `run`."""
        error: str | None = None
        try:
            runs = self._evaluation.run(task, claim.first, heartbeat, log)
        except (SourcesRefused, ParamsRefused) as refused:
            self._finisher.refuse(claim, refused, log)
            return []
        except (EngineClosed, Interrupted):
            pass
        except BackendError as failure:
            logger.error("calculation failed: %s", describe(failure), extra={"run_id": claim.token})
            error = "the data engine failed"
        except CalcmetricError as failure:
            error = clean_text(said(failure, "http"))
        except Exception as failure:
            logger.error("calculation failed: %s", describe(failure), extra={"run_id": claim.token})
            error = "the service failed; its log says why"
        else:
            counts = [
                self._finisher.note(claim, task, runs[work.metric_version_id], work, log)
                for work in claim.work
            ]
            return [count for count in counts if count is not None]
        self._finisher.give_back(claim, error, log)
        return []
