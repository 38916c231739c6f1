"""`python -m tests.fuzz native [--seconds N]`: native answers against Spark, which alone is the judge.

Tables with hostile values and plans over them are drawn from random bytes (`tests.spark.native.drawn`). What
is answered natively is asked of a real Spark as well: names, types, nulls and bits have to be the same, and
Spark may raise no error; sums of floating numbers are equal up to the order of summation. What is Spark's is
not asked, as it is Spark's answer then. A finding is made smaller, and kept in the corpus, where the slow
tests ask both again.
"""

from __future__ import annotations

import hashlib
import logging
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.backends.duckdb.backend import LocalDuckDb
from engine.backends.native.backend import NativeSpark
from engine.backends.native.files import scan_of
from engine.backends.native.trust import Trust
from engine.backends.spark.backend import LocalSpark
from engine.backends.tables import fetch
from engine.context import UNBOUNDED
from engine.errors import BackendError
from engine.frames.relations import unpruned
from engine.sources.resolve import resolve_source
from engine.sources.spool import Spool
from engine.spark.native.compare import Given, difference
from engine.spark.native.translate import Query, schema_of, translate
from engine.spark.native.unproven import Unproven
from tests.fuzz.settings import CORPUS
from tests.spark.native.drawn import TABLE_BYTES, Plan, table_of

KEPT: Final = CORPUS / "native"
_SECONDS: Final = 120.0
_MOST_BYTES: Final = 120
# So many plans are drawn over a table before there is another one.
_PLANS_PER_TABLE: Final = 25
_MOST_TRIES: Final = 120


class _Broken(logging.Handler):
    """Sees whether the log tells that a query broke the process.

    Attributes:
        seen: it did.
    """

    seen = False

    def emit(self, record: logging.LogRecord) -> None:
        """Look at one entry."""
        self.seen |= "broke it" in record.getMessage()


class Judge:
    """Asks both engines.

    Attributes:
        reasons: how often a plan was Spark's, by the reason.
        asked: how many plans were answered natively, and asked of Spark.
    """

    def __init__(self, native: NativeSpark, spark: BackendSession, folder: Path) -> None:
        self._native, self._spark, self._folder = native, spark, folder
        self._frames = dict[bytes, pb.Relation]()
        self._broken = _Broken()
        logging.getLogger("engine").addHandler(self._broken)
        self.reasons = Counter[str]()
        self.asked = 0

    def relation(self, data: bytes) -> pb.Relation:
        """The plan of an input, over the file of its table."""
        return Plan(self._frame(data[:TABLE_BYTES]), data).relation()

    def query(self, data: bytes) -> Query:
        """The native query of an input.

        Raises:
            Unproven: it is Spark's.
        """
        return translate(self.relation(data), scan_of)

    def finding(self, data: bytes) -> str:
        """What is different between the two answers to an input; empty if nothing is."""
        relation = self.relation(data)
        try:
            query = translate(relation, scan_of)
        except Unproven as unproven:
            self.reasons[unproven.reason] += 1
            return ""
        mine = self._attempt(relation)
        if self._broken.seen:
            return "the query broke the process"
        return "" if mine is None else self._judged(relation, query, Given(*mine))

    def _attempt(self, relation: pb.Relation) -> tuple[pb.DataType, pa.Table] | None:
        """The native answer, by a process that nobody broke so far.

        What a query breaks is remembered, and after three of a tenant nothing is tried natively any more: the
        rest would prove nothing, and what broke it could not be made smaller.
        """
        self._broken.seen, self._native.trust = False, Trust()
        session = self._native.open_session()
        try:
            found = session.attempt(relation, UNBOUNDED.told(self._note))
            return None if isinstance(found, str) else found
        finally:
            session.close()

    def _judged(self, relation: pb.Relation, query: Query, mine: Given) -> str:
        self.asked += 1
        try:
            theirs = fetch(self._spark, relation, UNBOUNDED.within(_SECONDS))
        except BackendError as error:
            return f"Spark raises {error.condition}"
        approximate = [column.approximate for column in query.rows.columns]
        tables = _summable(mine.table, theirs.table, approximate)
        ordered = query.rows.order != "open"
        given = Given(mine.schema, tables[0]), Given(theirs.schema, tables[1])
        return difference(*given, approximate, ordered=ordered)

    def _note(self, reason: str) -> None:
        if reason:
            self.reasons[reason] += 1

    def _frame(self, head: bytes) -> pb.Relation:
        if head not in self._frames:
            path = self._folder / f"{head.hex() or 'none'}.parquet"
            pq.write_table(table_of(head), path)
            spool = Spool()
            source = resolve_source(path, roots=[self._folder], spool=spool)
            spool.close()
            schema = schema_of(source.relation, scan_of)
            self._frames[head] = unpruned(source.relation, schema, source.early)
        return self._frames[head]


def _summable(mine: pa.Table, theirs: pa.Table, approximate: list[bool]) -> tuple[pa.Table, pa.Table]:
    """Both without what is noise in a sum: approximate columns with large numbers, infinities or NaN.

    Where numbers of 1e16 and more cancel out, what is left is up to the order of summation altogether.
    """
    if mine.num_rows != theirs.num_rows or mine.num_columns != theirs.num_columns:
        return mine, theirs
    for place, loose in enumerate(approximate):
        if not loose or not pa.types.is_floating(mine.column(place).type):
            continue
        pairs = zip(mine.column(place).to_pylist(), theirs.column(place).to_pylist(), strict=True)
        if any(one is not None and two is not None and _is_noise(one, two) for one, two in pairs):
            nulls = pa.nulls(mine.num_rows, mine.column(place).type)
            mine = mine.set_column(place, mine.field(place), nulls)
            theirs = theirs.set_column(place, theirs.field(place), nulls)
    return mine, theirs


def _is_noise(one: float, other: float) -> bool:
    return not (abs(one) < 1e12 and abs(other) < 1e12)


def smaller(data: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """An input that still fails, of fewer or simpler choices.

    Args:
        data: one that fails.
        fails: whether another one does.
    """
    tries, size = 0, max(1, (len(data) - TABLE_BYTES) // 2)
    while size and tries < _MOST_TRIES:
        place, before = TABLE_BYTES, data
        while place < len(data) and tries < _MOST_TRIES:
            for middle in (b"", bytes(len(data[place : place + size]))):
                candidate = data[:place] + middle + data[place + size :]
                if candidate == data:
                    continue
                tries += 1
                if fails(candidate):
                    data = candidate
                    break
            place += size
        size = size if data != before else size // 2
    return data


@contextmanager
def judge() -> Iterator[Judge]:
    """A judge with servers of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        data, spool = Path(temporary, "data"), Path(temporary, "spool")
        data.mkdir()
        spool.mkdir()
        spark = LocalSpark((data,), spool)
        backend = NativeSpark(spark, LocalDuckDb((data,), spool))
        other = spark.open_session()
        try:
            yield Judge(backend, other, data)
        finally:
            other.close()
            backend.close()


def fuzz(seconds: float, seed: int) -> int:
    """Draw plans for so long; give the number of findings."""
    draw, begun, drawn, findings = random.Random(seed), time.monotonic(), 0, dict[str, bytes]()
    with judge() as asker:
        head = b""
        while time.monotonic() - begun < seconds:
            if drawn % _PLANS_PER_TABLE == 0:
                head = draw.randbytes(TABLE_BYTES)
            data = head + draw.randbytes(draw.randrange(4, _MOST_BYTES))
            drawn += 1
            if not asker.finding(data):
                continue
            least = smaller(data, lambda one: bool(asker.finding(one)))
            told = asker.finding(least)
            if told not in findings:
                _keep(least)
                findings[told] = least
            print(f"{told}: {least.hex()}\n{_shown(asker, least)}", flush=True)
        spent = time.monotonic() - begun
        print(
            f"native: {spent:.0f} seconds with seed {seed}, {drawn} plans, {asker.asked} answered natively "
            f"({asker.asked / max(1, drawn):.0%}), {len(findings)} findings"
        )
        for reason, count in asker.reasons.most_common(12):
            print(f"  {count} times Spark's: {reason}")
    return len(findings)


def _keep(data: bytes) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"found-{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)


def _shown(asker: Judge, data: bytes) -> str:
    """The native query of a finding, and the plan without the file that it reads."""
    plan = "\n".join(line for line in str(asker.relation(data)).splitlines() if "schema" not in line)
    try:
        return f"{asker.query(data).sql[:1_000]}\n{plan[-2_000:]}"
    except Unproven:
        return plan[-2_000:]
