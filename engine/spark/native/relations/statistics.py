"""The steps that compute statistics of whole columns: `cov`, `corr`, `approxQuantile`, `summary`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pyspark.sql.connect.proto as pb
from pyspark.sql.connect.types import pyspark_types_to_proto_types
from pyspark.sql.types import ArrayType, DoubleType

from engine.spark.native import coercion
from engine.spark.native.names import find_column, part_of
from engine.spark.native.relations.groups import aggregated
from engine.spark.native.relations.rows import FLAG, Item, NativeReader, Rows, Sorted, select, unflagged
from engine.spark.native.tree import Call, Column, Expr, Line, Ref, Value
from engine.spark.native.types import DOUBLE, INTEGRALS, NUMBERS, STRING, Nested, plain
from engine.spark.native.unproven import Unproven
from engine.spark.native.writer import any_of, column_name, constant, write

_MOST_SHARES: Final = 50
_TABLE: Final = Nested(plain(pyspark_types_to_proto_types(ArrayType(ArrayType(DoubleType())))))


def cov(reader: NativeReader, relation: pb.Relation) -> Rows:
    """The sample covariance of two columns."""
    step = relation.cov
    return _of_two(reader, step.input, (step.col1, step.col2), "covar_samp", "cov")


def corr(reader: NativeReader, relation: pb.Relation) -> Rows:
    """The correlation of two columns."""
    step = relation.corr
    if step.method not in ("", "pearson"):
        raise Unproven("a correlation of another kind")
    return _of_two(reader, step.input, (step.col1, step.col2), "corr", "corr")


def _of_two(
    reader: NativeReader, source: pb.Relation, names: tuple[str, str], function: str, name: str
) -> Rows:
    rows = reader.read(source)
    found = [Ref(_numbers(rows, one)) for one in names]
    arguments = [coercion.to_double(one) for one in found]
    made = coercion.call(function, arguments)
    # Spark counts a null as zero here, and gives something else of less than two rows.
    odd = "count({0}) < count(*) OR count({1}) < count(*) OR count(*) = 1"
    # Of no rows both are what their sums are divided to.
    none = "0::DOUBLE" if name == "cov" else "'nan'::DOUBLE"
    sql = f"CASE WHEN count(*) = 0 THEN {none} ELSE {made.line.sql} END"
    line = Line("statistic", (DOUBLE, DOUBLE), DOUBLE, sql, f"{odd} OR {made.line.raises}",
                "always", approximate=True, passes=True, aggregate=True)  # fmt: skip
    return aggregated(reader, rows, [], [Item(Call(line, made.arguments), name)])


def _numbers(rows: Rows, name: str) -> Column:
    column = find_column(rows.columns, part_of(name))
    if column.type not in NUMBERS or column.name != name:
        raise Unproven("statistics of a column that is not a number, or has another name")
    return column


def approx_quantile(reader: NativeReader, relation: pb.Relation) -> Rows:
    """Values at exact places: with an error of 0 nothing is approximate.

    Nulls and NaN are passed over; of no values there are no quantiles.
    """
    step = relation.approx_quantile
    shares = list(step.probabilities)
    if step.relative_error != 0 or not 0 < len(shares) <= _MOST_SHARES or not step.cols:
        raise Unproven("approxQuantile with an error that is not 0")
    if any(not 0 <= share <= 1 for share in shares):
        raise Unproven("approxQuantile without probabilities")
    rows = unflagged(reader.read(step.input), None)
    if rows.most is not None:
        raise Unproven("statistics of some rows")
    parts, flags = list[str](), list[str | None]()
    for name in step.cols:
        value = write(coercion.to_double(Ref(_numbers(rows, name))))
        kept = f"FILTER (WHERE {value} IS NOT NULL AND NOT isnan({value}))"
        sorted_ = f"list_sort(list({value}) {kept})"
        count = f"(count({value}) {kept})"
        places = [_place(share, count) for share in shares]
        wanted = ", ".join(f"({sorted_})[{place}]" for place in places)
        parts.append(f"CASE WHEN {count} = 0 THEN []::DOUBLE[] ELSE [{wanted}] END")
        flags.append(f"bool_or({value} = 0 AND signbit({value}))")
    column = reader.fresh(_TABLE, "approx_quantile", nullable=False)
    made = [f"[{', '.join(parts)}] AS {column_name(column)}", f"{any_of(flags)} AS {FLAG}"]
    return Rows(select(made, rows.sql), (column,), "one", True, rows.guards, rows.asked, equated=rows.equated)


def _place(share: float, count: str) -> str:
    """The place of the value that Spark takes, from 1."""
    written = constant(Value(share, DOUBLE))
    return f"greatest(1, CAST(ceil({written} * CAST({count} AS DOUBLE)) AS BIGINT))"


_SUMMARIES: Final[Mapping[str, str]] = {"count": "count", "min": "min", "max": "max"}


def summary(reader: NativeReader, relation: pb.Relation) -> Rows:
    """A row for each of the statistics, as texts; of the kinds whose digits are fixed."""
    step = relation.summary
    rows = unflagged(reader.read(step.input), None)
    wanted = list(step.statistics)
    if not wanted or any(one not in _SUMMARIES for one in wanted) or len(set(wanted)) < len(wanted):
        raise Unproven("a summary with statistics whose last bits are not fixed")
    if not rows.columns or any(one.type not in (DOUBLE, STRING, *INTEGRALS) for one in rows.columns):
        raise Unproven("a summary of columns of an unusual type")
    items, names = list[Item](), [one.name for one in rows.columns]
    for name in wanted:
        items += [Item(_as_text(coercion.call(name, (Ref(one),))), f"{name}") for one in rows.columns]
    totals = aggregated(reader, rows, [], items)
    return _stacked(reader, totals, wanted, names)


def _as_text(expression: Expr) -> Expr:
    return coercion.cast(expression, STRING)


def _stacked(reader: NativeReader, totals: Rows, wanted: Sequence[str], names: Sequence[str | None]) -> Rows:
    """One row of many values as many rows."""
    width = len(names)
    columns = [reader.fresh(STRING, name) for name in ("summary", *names)]
    place = "CASE n " + " ".join(f"WHEN {at} THEN '{name}'" for at, name in enumerate(wanted)) + " END"
    parts = [f"{place} AS {column_name(columns[0])}"]
    for at, column in enumerate(columns[1:]):
        values = " ".join(
            f"WHEN {row} THEN {column_name(totals.columns[row * width + at])}" for row in range(len(wanted))
        )
        parts.append(f"CASE n {values} END AS {column_name(column)}")
    parts += [f"{FLAG} AS {FLAG}"] if totals.flagged else []
    numbered = f"SELECT t.*, v.n FROM ({totals.sql}) AS t, (VALUES {_numbered(len(wanted))}) AS v(n)"  # noqa: S608 - generated names only
    keyed = [*parts, "n AS k0"]
    return Rows(
        select(keyed, numbered), tuple(columns), Sorted(("k0",), ("k0 ASC",)), totals.flagged, totals.guards,
        totals.asked, equated=totals.equated,
    )  # fmt: skip


def _numbered(count: int) -> str:
    return ", ".join(f"({number})" for number in range(count))
