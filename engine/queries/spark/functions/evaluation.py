"""Has a worker apply functions of rows or of batches, and sees that what they give is sure."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.errors import BackendError, PlanRefused
from engine.queries.calls import Evaluating, FunctionRaised
from engine.queries.spark.functions.function_stream import MOST_BYTES, FunctionStream, KeptResults, too_large
from engine.sources.spool import Scratch
from engine.spark.functions import (
    Lying,
    Sample,
    Split,
    check_kept,
    input_json,
    other_cut,
    read_results,
    result_type,
    same,
    streams,
)
from engine.spark.plans.expressions import BATCHED_KINDS, ROUNDING_KINDS
from sandbox.contract.framing import ChannelGarbage
from sandbox.contract.messages import Evaluate


class Collected:
    """All that functions give, in memory."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._data = bytearray()
        self._size = 0

    def take(self, data: memoryview) -> bool:
        """Take some more; whether more is wanted."""
        self._size += len(data)
        if self._size > self._most_bytes:
            self._data.clear()
            return False
        self._data += data
        return True

    def data(self) -> bytes:
        """All of it.

        Raises:
            PlanRefused: the results are too large.
        """
        if self._size > self._most_bytes:
            raise too_large(MOST_BYTES)
        return bytes(self._data)


@dataclass(frozen=True, slots=True)
class AppliedFunctions:
    """What came of functions.

    Attributes:
        kept: the rows for the rest of the plan, with what the functions gave.
        printed: how often they printed.
    """

    kept: KeptResults
    printed: int


def applied_to(
    parts: Split,
    schema: pb.DataType,
    tables: Iterator[pa.Table],
    evaluating: Evaluating,
    scratch: Scratch | None,
    charge: Callable[[pa.Table], None],
    *,
    again: bool = False,
    always: bool = False,
) -> AppliedFunctions:
    """Apply functions of rows or of batches to rows as they come.

    Args:
        parts: the functions, and what stands beside them; all further columns are kept, too.
        schema: of the rows.
        tables: the rows.
        evaluating: has the worker apply functions.
        scratch: see `KeptResults`.
        charge: is told of the rows that functions see.
        again: as of `Evaluating`.
        always: whether what they give is put into a file, be it ever so little.

    Raises:
        PlanRefused: it is too much; or what they give depends on how rows are cut into batches.
        FunctionRaised, ChannelGarbage: as of `Evaluating`.
        LimitExceeded, BackendError, BackendLost, Interrupted: as for any question.
    """
    check_kept(schema, parts.kept)
    request = Evaluate(parts.kind, parts.functions, input_json(schema, parts.arguments))
    first = next(tables, None)
    if first is None:
        raise BackendError("an answer without a batch, be it an empty one")
    while not first.num_rows and (following := next(tables, None)) is not None:
        first = following

    def charged() -> Iterator[pa.Table]:
        for table in itertools.chain([first], tables):
            charge(table)
            yield table

    beside = [first.schema.field(place) for place in parts.kept]
    given = [pa.field("", result_type(one)) for one in parts.types]
    names = zip(parts.names, [*beside, *given], strict=True)
    types = [*(schema.struct.fields[place].data_type for place in parts.kept), *parts.types]
    kept = KeptResults(pa.schema([one.with_name(name) for name, one in names]), types, scratch, always=always)
    if not first.num_rows:  # nor does Spark call a function then
        kept.finish()
        return AppliedFunctions(kept, 0)
    sample = Sample() if parts.kind in BATCHED_KINDS and parts.deterministic else None
    through = FunctionStream(charged(), parts.arguments, parts.kept, parts.types, kept, sample=sample)
    arguments = pa.schema([first.schema.field(place) for place in parts.arguments])
    try:
        printed = evaluating(request, through.pieces(arguments), through.take, again=again)
        through.finish()
        if sample is not None:
            check_cut(request, parts, sample, evaluating)
    except BaseException:
        kept.remove()
        raise
    return AppliedFunctions(kept, printed)


def check_exact(parts: Split, *, inexact: bool) -> None:
    """See that what functions see does not depend on how rows are cut.

    Args:
        parts: the functions.
        inexact: whether pandas may round what they see.

    Raises:
        PlanRefused: the results of these functions may depend on how rows are cut.
    """
    if parts.kind in ROUNDING_KINDS and inexact:
        raise PlanRefused(
            "udf-refused",
            "a pandas_udf of whole numbers beyond 2^53 beside nulls is refused: pandas rounds those that "
            "come in one batch with a null, and where Spark cuts batches depends on files and processors",
            "cast the column to decimal(20,0), replace the nulls with F.coalesce, or use F.arrow_udf",
        )


def check_cut(request: Evaluate, parts: Split, sample: Sample, evaluating: Evaluating) -> None:
    """See that some rows give the same in other batches.

    Raises:
        PlanRefused: the functions give something else in other batches.
    """
    check_exact(parts, inexact=sample.is_inexact)
    cut = other_cut(sample.arguments)
    if cut is None:
        return
    rows = pa.array(cut.rows)
    pieces = streams(sample.arguments.take(rows), first=cut.first)
    output = Collected(MOST_BYTES)
    try:
        evaluating(request, pieces, output.take, again=True)
        again = read_results(output.data(), parts.types, len(rows)).columns
    except FunctionRaised:
        again = None
    except Lying as lie:
        raise ChannelGarbage(f"results of functions: {lie}") from None
    if again is None or not same([one.take(rows) for one in sample.results], again):
        raise PlanRefused(
            "udf-refused",
            "a function of batches is refused: what it gives for a row depends on which other rows come "
            "in the same batch, and where Spark cuts batches depends on files and processors",
            "compute what all rows have in common with df.agg(...) before, and let the function use it",
        )
