"""Functions of the author applied to the rows of all frames at once, for the calls of one run.

A function of rows gives the same for a row in whatever frame that is. So what functions see is fetched once
for the whole range of the run, with the frames of each row; one worker applies them; and what they gave is
data, of which the rest of the plan is asked as of the dataset itself: once for all frames, where it can be.
Functions belong to one run, whose workers made them of one source, and are the same where their digests are
(`sandbox.client.digests`): a worker can fool nobody but its own run.

Whatever does not go well is asked again by each frame for itself: a function that raises for the row of
another frame, that prints or draws random numbers, a plan that is refused.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.backends.tables import stream
from engine.context import Deadline
from engine.errors import BackendError, PlanRefused
from engine.frames import FrameSet
from engine.frames.not_fusable import NotFusable
from engine.queries.asking import Asker, FrameSource
from engine.queries.calls import Evaluating, FunctionRaised
from engine.queries.keyed_scan import KeyedScan, keyed_scan
from engine.queries.language import Apart, ReadyAnswer
from engine.queries.once import Once
from engine.queries.result_rows import ResultRows
from engine.queries.spark.functions.evaluation import applied_to
from engine.queries.spark.functions.function_stream import KeptResults
from engine.queries.spark.sharing import Sharing, describe
from engine.sources.spool import Scratch
from engine.spark import plans
from engine.spark.functions import (
    check_repeatable,
    is_map,
    local_relation,
    lowest,
    prepared,
    result_type,
    split,
    used_above,
    why_apart,
)
from engine.spark.functions.split import Split
from engine.spark.functions.stand_ins import Naming
from engine.spark.fusion.chain import parse_chain
from engine.spark.fusion.choice import choose
from engine.spark.plans.names import RESERVED_PREFIX
from sandbox.contract.settings import PLACEHOLDER

# Questions whose results are kept, each in a file.
_MOST_QUESTIONS: Final = 50
_MOST_STEPS: Final = 20
_CODE: Final = f"{RESERVED_PREFIX}frame_"
_INT32: Final = pb.DataType(integer=pb.DataType.Integer())


@dataclass(frozen=True, slots=True)
class SharedResults:
    """What functions of one question gave.

    Attributes:
        sharing: answers of it.
        relation: the rest of the plan, over it in the place of the frame.
        key: its canonical form.
        row_bytes: of a row that functions saw, in Arrow's form.
    """

    sharing: Sharing
    relation: pb.Relation
    key: bytes
    row_bytes: float


@dataclass(frozen=True, slots=True)
class OverResults:
    """A frame has to ask for itself, but of results that are there.

    Attributes:
        relation: the rest of the plan, which the frame asks.
        rows: the frame's rows, with the results of the functions.
        reason: why the frame's answer is not cut from a shared one.
    """

    relation: pb.Relation
    rows: pb.Relation
    reason: str


@dataclass(slots=True)
class SharedFunctions:
    """What the calls of one run share. Thread-safe."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _questions: dict[bytes, Once[SharedResults]] = field(default_factory=dict)

    def answer(
        self,
        key: bytes,
        relation: pb.Relation,
        sharing: Sharing,
        asker: Asker,
        evaluating: Evaluating,
        scratch: Scratch | None,
    ) -> tuple[SharedResults, ReadyAnswer | OverResults] | Apart:
        """The answer to a question with functions, or what a frame has to ask for itself.

        Args:
            key: the canonical form of the plan.
            relation: the plan, rebuilt, its views expanded.
            sharing: of the dataset.
            asker: the frame's call.
            evaluating: has its worker apply functions.
            scratch: makes files.

        Raises:
            BackendLost, Interrupted: as `BackendSession.execute`.
            ChannelGarbage, LimitExceeded: the worker must be ended.
        """
        sharing.withdraw(asker.run)
        if reason := why_apart(relation):
            return sharing.apart(relation, asker, reason)
        if scratch is None:
            return sharing.apart(
                relation, asker, "a function, on a backend that cannot read the engine's files"
            )
        frames = sharing.frames(asker.context)
        frame = frames.frames[asker.frame]
        if frame.family < 0:
            return sharing.apart(relation, asker, "other rows than those of all windows together")
        enough = sharing.may_share(key, asker)
        with self._lock:
            known = self._questions.get(key)
            if known is None and (not enough or len(self._questions) >= _MOST_QUESTIONS):
                return sharing.apart(relation, asker, "functions that differ between frames")
            once = self._questions.setdefault(key, Once())
        make = _Making(sharing, frames, asker, evaluating, scratch)
        try:
            results = once.get(lambda: make.results(relation), asker.context)
        except NotFusable as refusal:
            return sharing.apart(relation, asker, refusal.reason)
        found = results.sharing.ask(results.key, results.relation, asker)
        if isinstance(found, Apart):
            rows = results.sharing.source.rows_of(frame)
            return results, OverResults(results.relation, rows, found.reason)
        return results, replace(found, what=f"{describe(relation)}; its functions once for all frames")


class _Making:
    """Has functions applied to the rows of all frames, step by step."""

    def __init__(
        self,
        sharing: Sharing,
        frames: FrameSet,
        asker: Asker,
        evaluating: Evaluating,
        scratch: Scratch,
    ) -> None:
        self._sharing = sharing
        self._frames = frames
        self._asker = asker
        self._evaluating = evaluating
        self._scratch = scratch
        self._bytes = self._rows = 0

    def results(self, relation: pb.Relation) -> SharedResults:
        """Apply them all.

        Raises:
            NotFusable: it cannot be done for all frames at once.
        """
        source, files = self._sharing.source, list[KeptResults]()
        try:
            names_of = self._names_in(source)
            made = prepared(relation, names_of, most_steps=_MOST_STEPS)
            for step in range(_MOST_STEPS):
                here = lowest(made)
                if here is None:
                    over = self._sharing.over(source)
                    each = self._bytes / max(1, self._rows)
                    return SharedResults(over, made, plans.canonical(made), each)
                parse_chain(made)
                if is_map(here):
                    raise NotFusable("a function of whole DataFrames")
                parts = split(here, self._names_in(source), step, used_above(made, here))
                kept, source = self._applied(parts, source)
                for one in files:  # its rows are in the new one
                    one.remove()
                files = [kept]
                here.CopyFrom(parts.above(_read()))
        except (PlanRefused, BackendError):
            _remove(files)
            raise NotFusable("a plan with functions that is refused, or fails, for all frames") from None
        except FunctionRaised:
            _remove(files)
            raise NotFusable("a function that raises for a row") from None
        except BaseException:
            _remove(files)
            raise
        _remove(files)
        raise NotFusable("functions in too many steps")

    def _names_in(self, source: FrameSource) -> Naming:
        def names_of(relation: pb.Relation) -> list[str]:
            return [one.name for one in source.type_of(relation, self._asker).struct.fields]

        return names_of

    def _applied(self, parts: Split, source: FrameSource) -> tuple[KeptResults, FrameSource]:
        """What one step of functions gives, and the same as data."""
        scan = self._scan(parts, source)
        names = scan.names
        own_type = source.type_of(parts.below, self._asker)
        check_repeatable(parts.above(_nothing(parts)))
        context = self._asker.context.told(self._asker.notes.append)
        self._asker.queries += 1
        schema, tables = stream(source.session, scan.plan.relation, context)
        columns = [one.name for one in schema.struct.fields]
        own = [place for place, name in enumerate(columns) if name not in names]
        if len(own) != len(own_type.struct.fields) or len(columns) != len(own) + len(names):
            raise NotFusable("an answer without its keys")
        places = [columns.index(name) for name in names]
        coded = self._coded(tables, own, scan, places)

        codes = [f"{_CODE}{number}" for number in range(len(self._frames.families))]
        coded_type = pb.DataType()
        coded_type.CopyFrom(own_type)
        for name in codes:
            coded_type.struct.fields.add(name=name, data_type=_INT32, nullable=False)
        wide = parts.with_kept(list(range(len(own), len(own) + len(codes))), codes)
        applied = applied_to(
            wide, coded_type, coded, self._evaluating, self._scratch, self._charge, again=True, always=True
        )
        if applied.printed:
            applied.kept.remove()
            raise NotFusable("a function that prints, or draws random numbers")
        return applied.kept, _stored(parts, own_type, applied.kept, source, len(codes))

    def _scan(self, parts: Split, source: FrameSource) -> KeyedScan:
        """The query for the rows that functions see, of all frames."""
        if parts.keys is not None:
            raise NotFusable("a function that aggregates")
        choice = choose(parts.below, spark=source.spark, schema=source.schema)
        if choice.how != "rows" or (chain := choice.chain) is None:
            raise NotFusable(
                choice.reason or "rows of functions that are not each made of one row of the frame"
            )
        scan = keyed_scan(source, chain, self._frames, self._asker)
        if scan.plan.rank is not None:
            raise NotFusable("the first rows of a frame")
        plans.check_bound(scan.plan.relation, scan.base.subquery_alias.input)
        return scan

    def _coded(
        self, tables: Iterable[pa.Table], own: Sequence[int], scan: KeyedScan, places: Sequence[int]
    ) -> Iterator[pa.Table]:
        """Rows with a column for each family that tells the frame, in place of the keys at `places`."""
        until = self._until()
        for table in tables:
            if until.passed:
                raise PlanRefused("plan-too-large", "functions of all frames take too long", "")
            made = table.select(own)
            placing = scan.placing([table.column(place) for place in places], table.num_rows)
            for number, family in enumerate(self._frames.families):
                code = placing(number, family).astype(np.int32)
                made = made.append_column(f"{_CODE}{number}", pa.array(code))
            yield made

    def _until(self) -> Deadline:
        """Until when all rows may take: a frame that has some of them needs time for those by itself."""
        context, frames = self._asker.context, self._frames.frames
        whole = frames[self._asker.frame].rows >= max(frame.rows for frame in frames)
        return context.deadline if whole else context.half().deadline

    def _charge(self, table: pa.Table) -> None:
        self._rows += table.num_rows
        self._bytes += table.nbytes


def _stored(
    parts: Split, below: pb.DataType, kept: KeptResults, source: FrameSource, families: int
) -> ResultRows:
    """What functions gave, as data in whose place the rest of the plan is asked."""
    schema = pb.DataType()
    schema.struct.SetInParent()
    types = [*(below.struct.fields[place].data_type for place in parts.kept), *parts.types]
    for name, kind in zip(parts.names, types, strict=True):
        schema.struct.fields.add(name=name, data_type=kind, nullable=True)
    codes = tuple(f"{_CODE}{number}" for number in range(families))
    return ResultRows.of(source, kept.relation(), schema, codes)


def _read() -> pb.Relation:
    """The place of the frame."""
    return pb.Relation(read=pb.Read(named_table=pb.Read.NamedTable(unparsed_identifier=PLACEHOLDER)))


def _nothing(parts: Split) -> pb.Relation:
    """Local data of the results of functions, without rows."""
    kinds = [pa.int8()] * (len(parts.names) - len(parts.types)) + [result_type(one) for one in parts.types]
    columns = [pa.chunked_array([], kind) for kind in kinds]
    fields = [pa.field(name, kind) for name, kind in zip(parts.names, kinds, strict=True)]
    return local_relation(parts.names, columns, fields)


def _remove(files: Sequence[KeptResults]) -> None:
    for one in files:
        one.remove()
