"""Spark, with DuckDB in front of it: plans that are proven are answered natively, all others by Spark.

What Spark would give is what is given, so nobody above knows who answered, but for a run's report. Whatever
goes wrong natively (an error, an overflow, too little time or memory, a fault of ours) is asked again of
Spark, whose errors are the ones that authors see; nothing of a native answer is passed on before it has ended
whole. Java starts when a plan first needs it.

The process is ours, the data and the constants in a query are not. A query that breaks the process, or does
not stop, ends it; the same is not tried again, and a tenant that does so repeatedly is left to Spark.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.arrow import arrow_stream
from engine.backends.base import BackendSession
from engine.backends.duckdb.backend import LocalDuckDb
from engine.backends.duckdb.connection import DuckDbConnection, StoppedWithProcess
from engine.backends.duckdb.talk import DuckDbServer
from engine.backends.native.files import Files
from engine.backends.native.spill_buffer import SpillBuffer
from engine.backends.native.trust import Differences, Trust
from engine.backends.native.verify import NativeAnswer, Verifier
from engine.backends.spark.backend import LocalSpark
from engine.context import QueryContext, Settings
from engine.effort import processors
from engine.errors import (
    BackendError,
    BackendLost,
    BackendStartError,
    CalcmetricError,
    EngineClosed,
    Interrupted,
    SparkNeeded,
)
from engine.models.backends import SPARK
from engine.spark.native.compare import Given
from engine.spark.native.ddl import parse_ddl
from engine.spark.native.features import features
from engine.spark.native.translate import Query, judged, schema_of, translate
from engine.spark.native.unproven import Unproven
from engine.threads import Pending
from engine.wording import joined, message_of

# An answer is held whole before anything of it is passed on; one that is larger is Spark's.
_MOST_BYTES: Final = 4 << 30
# One that is larger is passed on in the parts in which it came.
_COMBINED_BYTES: Final = 32 << 20
_BATCH_ROWS: Final = 65_536
# How often a start that gives way is looked at: its processes appear one after the other.
_LOOK_SECONDS: Final = 0.1

# After these a process answers nothing any more, whatever it is asked.
_BROKEN: Final = frozenset({"duckdb.InternalException", "duckdb.FatalException"})

_T = TypeVar("_T")

logger = logging.getLogger(__name__)


class NativeSpark:
    """A local Spark server behind a local DuckDB process. Thread-safe; see `Backend`.

    Args:
        spark: the server, which is started when it is first needed.
        duckdb: the process, which reads the same folders.
        differences: what is left to Spark because an answer differed from its own.
        verify: the share of native answers that Spark is asked for, too.
    """

    name = LocalSpark.name
    capabilities = SPARK
    address = ""

    def __init__(
        self,
        spark: LocalSpark,
        duckdb: LocalDuckDb,
        *,
        differences: Differences | None = None,
        verify: float = 0.0,
    ) -> None:
        self.spark = spark
        self.duckdb = duckdb
        self.trust = Trust()
        self.differences = differences or Differences()
        self.verifier = Verifier(
            verify, self.differences, lambda: spark.open_session(), lambda: spark.is_busy()
        )
        self._wanted = threading.Event()
        self._told = ""

    @property
    def is_private(self) -> bool | None:
        """Whether nobody else on this machine reaches the ports of what runs; None while nothing does."""
        known = [one for one in (self.duckdb.is_private, self.spark.is_private) if one is not None]
        return all(known) if known else None

    def start(self) -> None:
        """Start the DuckDB process; see `Backend.start`. If it cannot be had, Spark answers everything."""
        if self.trust.is_paused(time.monotonic()):
            self.spark.start()
            return
        try:
            self.duckdb.start()
        except BackendStartError as error:
            self.note_no_start(error)
            self.spark.start()

    def note_no_start(self, error: BackendStartError) -> None:
        """The DuckDB process did not start: say so, if that was not said before, and leave it for a while."""
        self.trust.pause(time.monotonic())
        told, self._told = self._told, str(error)
        level = logging.DEBUG if told == self._told else logging.WARNING
        logger.log(level, "nothing is answered natively, and Spark answers everything: %s", error)

    def warm(self, *, wanted: bool) -> None:
        """Begin to start Spark; see `Backend.warm`."""
        if wanted:
            self._wanted.set()
        threading.Thread(target=self._warm, name="calcmetric-warm-up", daemon=True).start()

    def want_spark(self) -> None:
        """Somebody waits for Spark: from now on it gives way to nobody."""
        if not self._wanted.is_set():
            self._wanted.set()
            self.spark.give_way(low=False)

    def _warm(self) -> None:
        """Start Spark, and let everybody else compute first for as long as nobody waits for it."""
        starting = Pending(self.spark.start, "calcmetric-start")
        while not self._wanted.wait(_LOOK_SECONDS) and (not starting.done.is_set() or self.spark.is_warming):
            self.spark.give_way(low=True)
        while not self.spark.give_way(low=False):
            time.sleep(_LOOK_SECONDS)
        try:
            starting.wait()
        except CalcmetricError as error:  # whoever needs it is told again
            logger.info("Spark did not start in the background: %s", error)

    def train(self) -> bool:
        """See `LocalSpark.train`."""
        return self.spark.train()

    def open_session(self, tenant: str = "") -> NativeSession:
        """Open a session; see `Backend.open_session`."""
        return NativeSession(self, tenant)

    def settle(self, seconds: float) -> bool:
        """See `Backend.settle`."""
        return self.verifier.settle(seconds)

    def end_duckdb(self, server: DuckDbServer, reason: str) -> None:
        """End a DuckDB process; the next plan starts another."""
        server.condemned = True
        with contextlib.suppress(BackendError, BackendStartError, EngineClosed):
            self.duckdb.end_server(server, reason)

    def close(self) -> None:
        """End both; see `Backend.close`."""
        self.verifier.close()
        self.duckdb.close()
        self.spark.close()


class NativeSession:
    """A session on both; see `BackendSession`."""

    sql = None

    def __init__(self, backend: NativeSpark, tenant: str) -> None:
        self._backend = backend
        self._tenant = tenant
        self._native = DuckDbConnection(backend.duckdb)
        self._lock = threading.Lock()
        self._closed = False
        self._spark: BackendSession | None = None

    def execute(self, plan: pb.Plan, context: QueryContext) -> Iterator[pb.ExecutePlanResponse]:
        """Run a plan; see `BackendSession.execute`."""
        answer = self.attempt(plan.root, context)
        if isinstance(answer, str):
            yield from self._on_spark(answer, context).execute(plan, context)
        else:
            yield from _responses(*answer)

    def analyze(self, request: pb.AnalyzePlanRequest, context: QueryContext) -> pb.AnalyzePlanResponse:
        """Answer an analyze request; see `BackendSession.analyze`."""
        answer = self._tried(lambda: self._analyzed(request), context)
        if isinstance(answer, str):
            return self._on_spark(answer, context).analyze(request, context)
        return answer

    @property
    def disturbed(self) -> int:
        """See `BackendSession.disturbed`."""
        with self._lock:
            spark = self._spark
        return 0 if spark is None else spark.disturbed

    def refuse_settings(self, settings: Settings) -> None:
        """Spark follows all of them; see `BackendSession.refuse_settings`."""

    def close(self) -> None:
        """Release it; see `BackendSession.close`."""
        with self._lock:
            self._closed, spark = True, self._spark
        self._native.close()
        if spark is not None:
            spark.close()

    def _on_spark(self, reason: str, context: QueryContext) -> BackendSession:
        """The session on Spark, which is started if need be.

        Args:
            reason: why it is needed.
            context: as for `execute`.

        Raises:
            SparkNeeded: it does not start.
            EngineClosed, Interrupted: as `Endpoint.connection`.
        """
        self._backend.want_spark()
        try:
            return self._open_spark(context)
        except BackendStartError as error:
            raise _needed(error, reason) from error

    def _open_spark(self, context: QueryContext) -> BackendSession:
        self._backend.spark.place_of(self._tenant).connection(context)
        with self._lock:
            spark = self._spark
        if spark is None:
            opened = self._backend.spark.open_session(self._tenant)  # not under the lock: it may ask a server
            with self._lock:
                if self._spark is None and not self._closed:
                    self._spark = opened
                spark = self._spark
            if spark is not opened:
                opened.close()
        if spark is None or self._closed:
            raise EngineClosed("this session is closed")
        return spark

    def attempt(self, relation: pb.Relation, context: QueryContext) -> tuple[pb.DataType, pa.Table] | str:
        """The type and the rows of a native answer, whole; else why the plan is Spark's.

        Raises:
            Interrupted: the question was cancelled.
        """
        return self._tried(lambda: self._fetch(relation, context), context)

    def _tried(self, attempt: Callable[[], _T], context: QueryContext) -> _T | str:
        """What comes of a native attempt, else why it is Spark's; whoever wants to know is told."""
        found: _T | None = None
        reason = ""
        self._backend.spark.heard(self._tenant)
        try:
            _refuse_special(context)
            found = attempt()
        except Unproven as unproven:
            reason = unproven.reason
        except (Interrupted, EngineClosed):
            raise
        except (BackendError, BackendLost, BackendStartError, pa.ArrowException, OSError) as error:
            # Not its text, which may hold values.
            told = error.exception if isinstance(error, BackendError) else ""
            logger.info("a native answer failed (%s)", told or type(error).__name__)
            reason = f"a native answer failed ({type(error).__name__})"
        except Exception as error:  # a fault of ours, and Spark can answer all the same
            logger.exception("a plan was not translated")
            reason = f"a native answer failed ({type(error).__name__})"
        for note in context.notes:
            note(reason)
        return reason if found is None else found

    def _analyzed(self, request: pb.AnalyzePlanRequest) -> pb.AnalyzePlanResponse:
        """The answer to a question about a plan, or about the text of a type."""
        kind, response = request.WhichOneof("analyze"), pb.AnalyzePlanResponse()
        if kind == "ddl_parse":
            response.ddl_parse.parsed.CopyFrom(parse_ddl(request.ddl_parse.ddl_string))
        elif kind == "schema":
            relation = request.schema.plan.root
            self._refuse_different(relation)
            response.schema.schema.CopyFrom(schema_of(relation, Files().scan_of))
        else:
            raise Unproven(f"a question about a plan ({kind})")
        return response

    def _refuse_different(self, relation: pb.Relation) -> None:
        differences = self._backend.differences
        if differences.off:  # else the plan need not be looked through
            differences.refuse(features(relation))

    def _fetch(self, relation: pb.Relation, context: QueryContext) -> tuple[pb.DataType, pa.Table]:
        files = Files()
        self._refuse_different(relation)
        query = translate(relation, files.scan_of, unordered=not context.ordered)
        self._backend.trust.refuse(query.sql, self._tenant, time.monotonic())
        try:
            answer = self._run(query, context.half())
        except Interrupted as interrupted:
            if interrupted.reason == "deadline":
                raise Unproven("it took more than half of the time that is left") from None
            raise
        files.refuse_changed()
        self._backend.verifier.offer(
            NativeAnswer(
                relation,
                Given(query.schema, answer),
                tuple(column.approximate for column in query.rows.columns),
                ordered=query.rows.order != "open" and context.ordered,
                files=files,
                tenant=self._tenant,
            )
        )
        return query.schema, answer

    def _run(self, query: Query, context: QueryContext) -> pa.Table:
        """Ask the process; see that it is one that answers still, and whose fault it is if it is not."""
        trust, now = self._backend.trust, time.monotonic
        try:
            server = self._backend.duckdb.server(context)
        except BackendStartError as error:
            self._backend.note_no_start(error)
            raise
        trust.resume()
        try:
            for guard in query.guards:
                if self._table(server, guard, context, one=True).column(0).to_pylist() != [False]:
                    raise Unproven("values for which it is not proven, or an error of Spark's")
            table = self._table(server, query.sql, context, one=query.rows.order == "one")
        except StoppedWithProcess:
            trust.record_crash(query.sql, self._tenant, now())
            raise
        except BackendLost:
            if not server.condemned:
                trust.record_crash(query.sql, self._tenant, now())
            raise
        except BackendError as error:
            if error.exception in _BROKEN:
                trust.record_crash(query.sql, self._tenant, now())
                self._backend.end_duckdb(server, f"a query broke it ({error.exception})")
            raise
        return judged(query, table, processors())

    def _table(self, server: DuckDbServer, sql: str, context: QueryContext, *, one: bool) -> pa.Table:
        """The whole answer to a query."""
        size = 0
        with SpillBuffer(self._backend.duckdb.spool) as held:
            for part in self._native.rows(server, sql, context, one=one):
                size += len(part.data)
                if size > _MOST_BYTES:
                    raise Unproven("an answer that is too large to be held")
                with pa.ipc.open_stream(part.data) as reader:
                    table = reader.read_all()
                table.validate(full=True)
                held.add(table)
            return held.table()


def _refuse_special(context: QueryContext) -> None:
    """Leave to Spark what was lost once, and what is asked under settings whose meaning is not known here."""
    if context.isolated:
        raise Unproven("its server was lost before")
    if context.settings:
        raise Unproven("settings of its own")


def _needed(error: BackendStartError, reason: str) -> SparkNeeded:
    """Why Spark was wanted, beside why it cannot be had."""
    return SparkNeeded(
        joined((message_of(error), f"Spark is needed here because of {reason}"), "; "),
        reason,
        detail=error.detail,
    )


def _responses(schema: pb.DataType, table: pa.Table) -> Iterator[pb.ExecutePlanResponse]:
    """An answer as Spark sends it: its type, then its rows, in one batch at least."""
    first = pb.ExecutePlanResponse()
    first.schema.CopyFrom(schema)
    yield first
    start = 0
    for batch in _batches(table):
        response = pb.ExecutePlanResponse()
        part = response.arrow_batch
        part.data = arrow_stream(batch).to_pybytes()
        part.row_count, part.start_offset, part.num_chunks_in_batch = batch.num_rows, start, 1
        start += batch.num_rows
        yield response


def _batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    combined = table.combine_chunks() if table.nbytes <= _COMBINED_BYTES else table
    batches = combined.to_batches(max_chunksize=_BATCH_ROWS)
    yield from batches or [pa.RecordBatch.from_pylist([], schema=table.schema)]
