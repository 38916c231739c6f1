"""What each kind of relation does with the rows and columns of its input. Pure data.

What is relied on elsewhere is said here once. A trait that is not given is not relied on, and a kind that is
not in the table, as one of a new release would be, has none of them and counts as one that reads.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import pyspark.sql.connect.proto as pb


class RowTrait(enum.Enum):
    """Which rows a relation gives."""

    KEPT = "one for each row of the input, in its order"
    MOVED = "the rows of the input, perhaps in another order"
    CHOSEN = "some rows of the input, each for its own values"
    TAKEN = "some rows of the input, by their number, by others among them or by chance"
    SPREAD = "several for each row of the input"
    MADE = "any others"


class ColumnTrait(enum.Enum):
    """Which columns a relation gives."""

    SAME = "those of the input, with their names and values"
    COMPUTED = "only those that its expressions say"
    OTHER = "any others"


@dataclass(frozen=True, slots=True)
class RelationTraits:
    """What is known of a kind of relation; by default nothing.

    Attributes:
        rows: which rows it gives; `by_expressions` may make others of them.
        columns: which columns it gives.
        by_expressions: whether an expression in it may make other rows: explode, aggregates, windows.
        passes_aliases: whether the alias of a relation below (`df.alias("a")`) still names columns above it.
        looks_below: whether it may name a column that is none of its input's, and Spark looks further down.
        says_names: whether it says the name of each column that its input does not have, or has otherwise.
        reads: whether it reads something that is not in the plan.
    """

    rows: RowTrait = RowTrait.MADE
    columns: ColumnTrait = ColumnTrait.OTHER
    by_expressions: bool = True
    passes_aliases: bool = False
    looks_below: bool = False
    says_names: bool = False
    reads: bool = True

    @property
    def row_wise(self) -> bool:
        """Whether each row comes from one row of the input, if its expressions are row-wise, too."""
        return self.rows in (RowTrait.KEPT, RowTrait.MOVED, RowTrait.CHOSEN, RowTrait.SPREAD)

    @property
    def adds_no_rows(self) -> bool:
        """Whether there are never more rows than in the input."""
        return not self.by_expressions and self.rows in (
            RowTrait.KEPT,
            RowTrait.MOVED,
            RowTrait.CHOSEN,
            RowTrait.TAKEN,
        )


_UNKNOWN: Final = RelationTraits()
# In the plan is all that it gives rows of; no more is relied on.
_CLOSED: Final = RelationTraits(reads=False)


def _plain(
    rows: RowTrait,
    columns: ColumnTrait = ColumnTrait.OTHER,
    *,
    by_expressions: bool = False,
    passes_aliases: bool = False,
    looks_below: bool = False,
    says_names: bool = True,
) -> RelationTraits:
    """The traits of a step of the DataFrame API, upon one input."""
    return RelationTraits(rows, columns, by_expressions, passes_aliases, looks_below, says_names, reads=False)


_MOVING: Final = _plain(RowTrait.MOVED, ColumnTrait.SAME, passes_aliases=True)
_TAKING: Final = _plain(RowTrait.TAKEN, ColumnTrait.SAME, passes_aliases=True)
_ROW_BY_ROW: Final = _plain(RowTrait.KEPT)

TRAITS: Final[Mapping[str, RelationTraits]] = MappingProxyType(
    {
        "read": RelationTraits(says_names=True),
        "project": _plain(RowTrait.KEPT, ColumnTrait.COMPUTED, by_expressions=True),
        "with_columns": _plain(RowTrait.KEPT, by_expressions=True, passes_aliases=True),
        "filter": _plain(RowTrait.CHOSEN, ColumnTrait.SAME, passes_aliases=True, looks_below=True),
        "drop_na": _plain(RowTrait.CHOSEN, ColumnTrait.SAME, passes_aliases=True),
        "sort": _plain(RowTrait.MOVED, ColumnTrait.SAME, passes_aliases=True, looks_below=True),
        "repartition": _MOVING,
        "repartition_by_expression": _plain(
            RowTrait.MOVED, ColumnTrait.SAME, passes_aliases=True, looks_below=True
        ),
        "hint": _MOVING,  # one may ask for other partitions
        "limit": _TAKING,
        "offset": _TAKING,
        "tail": _TAKING,
        "deduplicate": _TAKING,
        "sample": replace(_TAKING, rows=RowTrait.MADE),  # with replacement, a row comes several times
        # Its own alias takes the place of those below.
        "subquery_alias": _plain(RowTrait.KEPT, ColumnTrait.SAME),
        "drop": _ROW_BY_ROW,
        "with_columns_renamed": _ROW_BY_ROW,
        "to_df": _ROW_BY_ROW,
        "fill_na": _ROW_BY_ROW,
        "replace": _plain(RowTrait.KEPT, says_names=False),
        "to_schema": _plain(RowTrait.KEPT, says_names=False),
        "unpivot": _plain(RowTrait.SPREAD),
        "aggregate": _plain(RowTrait.MADE, ColumnTrait.COMPUTED, by_expressions=True),
        "join": _plain(RowTrait.MADE, by_expressions=True, passes_aliases=True),
        "set_op": _plain(RowTrait.MADE, by_expressions=True),
        **dict.fromkeys(("as_of_join", "lateral_join", "nearest_by_join"), _CLOSED),
        **dict.fromkeys(("sql", "with_relations", "local_relation", "range"), _CLOSED),
        **dict.fromkeys(("transpose", "unresolved_table_valued_function"), _CLOSED),
        **dict.fromkeys(("summary", "describe", "crosstab", "cov", "corr", "approx_quantile"), _CLOSED),
        **dict.fromkeys(("freq_items", "sample_by", "show_string", "html_string"), _CLOSED),
        **dict.fromkeys(("map_partitions", "group_map", "co_group_map"), _CLOSED),
    }
)


def traits_of(relation: pb.Relation) -> RelationTraits:
    """What is known of a relation by its kind."""
    return TRAITS.get(relation.WhichOneof("rel_type") or "", _UNKNOWN)
