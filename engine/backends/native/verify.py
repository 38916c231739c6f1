"""Asks Spark as well for a share of native answers: aside, one at a time, while nobody waits for Spark.

A difference is told in the log with the plan, counted, and ends native answers with the functions of that
plan for the life of the program. What cannot be compared is not: data that changed meanwhile, a server that
was lost, an answer that is large, more answers than there is time for.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.backends.native.files import Files
from engine.backends.native.trust import Differences
from engine.backends.tables import TableTooLarge, fetch
from engine.context import Deadline, QueryContext
from engine.errors import BackendError, BackendLost, BackendStartError, CalcmetricError
from engine.spark.native.compare import Given, difference
from engine.spark.native.features import blamed
from engine.spark.native.unproven import Unproven

_MOST_WAITING: Final = 8
_MOST_BYTES: Final = 8 << 20
_MOST_ROWS: Final = 50_000
_QUERY_SECONDS: Final = 120.0
_POLL_SECONDS: Final = 0.1
_PLAN_CHARS: Final = 8_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NativeAnswer:
    """A native answer that Spark is asked for, too.

    Attributes:
        relation: the plan.
        given: the answer.
        approximate: of each column, whether its last bits are not fixed.
        ordered: whether the order of the rows is.
        files: what it was read from.
        tenant: the tenant whose query it is.
    """

    relation: pb.Relation
    given: Given
    approximate: tuple[bool, ...]
    ordered: bool
    files: Files
    tenant: str


class Verifier:
    """Compares samples. Thread-safe.

    Args:
        share: of the answers; 0 for none, 1 for all that there is time for.
        differences: is told what was found.
        open_session: opens a session on Spark, which is started if need be.
        is_busy: whether Spark has anything else to do.
    """

    def __init__(
        self,
        share: float,
        differences: Differences,
        open_session: Callable[[], BackendSession],
        is_busy: Callable[[], bool],
    ) -> None:
        self._share = share
        self._differences = differences
        self._open_session = open_session
        self._is_busy = is_busy
        self._random = random.Random()  # noqa: S311 - which answers are looked at is no secret
        self._waiting: queue.Queue[NativeAnswer] = queue.Queue(_MOST_WAITING)
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def offer(self, sample: NativeAnswer) -> None:
        """An answer was given; returns at once."""
        table = sample.given.table
        if self._random.random() >= self._share or self._closed.is_set():
            return
        if table.num_rows > _MOST_ROWS or table.nbytes > _MOST_BYTES:
            return
        try:
            self._waiting.put_nowait(sample)
        except queue.Full:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="calcmetric-verify", daemon=True)
                self._thread.start()

    def settle(self, seconds: float) -> bool:
        """Wait until all that was taken is compared, so many seconds at most; whether it is."""
        waiting = self._waiting
        with waiting.all_tasks_done:
            return waiting.all_tasks_done.wait_for(lambda: not waiting.unfinished_tasks, seconds)

    def close(self) -> None:
        """Compare nothing more; what is asked now ends with its server."""
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                sample = self._waiting.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            while self._is_busy() and not self._closed.wait(_POLL_SECONDS):
                continue
            if not self._closed.is_set():
                self._verify(sample)
            self._waiting.task_done()

    def _verify(self, sample: NativeAnswer) -> None:
        try:
            sample.files.refuse_changed()
            what = self._compare(sample)
            sample.files.refuse_changed()  # or Spark may have read something else
        except (BackendLost, BackendStartError, TableTooLarge, Unproven) as error:
            logger.debug("a native answer is not compared: %s", error)
            return
        except BackendError as error:
            what = f"Spark raises {error.condition or 'an error'}"
        except CalcmetricError as error:
            logger.debug("a native answer is not compared: %s", error)
            return
        except Exception:
            logger.exception("a native answer could not be compared")
            return
        if not what:
            self._differences.note_equal()
            return
        off = blamed(sample.relation)
        self._differences.note_different(off)
        logger.error(
            "a native answer differs from Spark's in %s; left to Spark from now on: %s. The plan: %s",
            what,
            ", ".join(sorted(off)),
            str(sample.relation)[:_PLAN_CHARS],
            extra={"account": sample.tenant},
        )

    def _compare(self, sample: NativeAnswer) -> str:
        session = self._open_session()
        try:
            context = QueryContext(Deadline.after(_QUERY_SECONDS), self._closed)
            found = fetch(session, sample.relation, context, most_bytes=1 << 30)
        finally:
            session.close()
        given = Given(found.schema, found.table)
        return difference(sample.given, given, sample.approximate, ordered=sample.ordered)
