"""What sqlglot may find in SQL text for Snowflake: classes of nodes and their parts. Pure data.

A class that is in no group is refused, even if it is derived from one that is; and so is a part that has a
value and is not listed.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from sqlglot import exp

Node: TypeAlias = type[exp.Expr]

_BINARY: Final = "this expression"
_SET: Final = "this expression distinct order limit offset with_"

# reason, {class: parts}.
GROUPS: Final[tuple[tuple[str, dict[Node, str]], ...]] = (
    (
        "queries",
        {
            exp.Select: "expressions distinct from_ joins where group having qualify order limit offset"
            " with_",
            exp.Union: _SET,
            exp.Except: _SET,
            exp.Intersect: _SET,
            exp.Subquery: "this alias joins sample pivots",
            exp.With: "expressions",
            exp.CTE: "this alias",
            exp.Exists: "this",
        },
    ),
    (
        "what they read: the frame, a query, or a literal table",
        {
            exp.From: "this",
            exp.Join: "this kind side method on using match_condition",
            exp.Table: "this alias joins sample pivots",
            exp.TableAlias: "this columns",
            exp.TableSample: "method percent size",
            exp.Values: "expressions alias",
        },
    ),
    (
        "which rows, in what groups and order",
        {
            exp.Where: "this",
            exp.Having: "this",
            exp.Qualify: "this",
            exp.Group: "expressions",
            exp.Rollup: "expressions",
            exp.Cube: "expressions",
            exp.GroupingSets: "expressions",
            exp.Order: "expressions",
            exp.Ordered: "this desc nulls_first",
            exp.Limit: "expression",
            exp.Offset: "expression",
        },
    ),
    (
        "rows to columns and back; the parser adds how columns are named",
        {
            exp.Pivot: "expressions fields unpivot alias include_nulls columns identify_pivot_strings"
            " prefixed_pivot_columns pivot_column_naming value_columns_first",
            exp.PivotAny: "",
        },
    ),
    (
        "names",
        {
            exp.Alias: "this alias",
            exp.Column: "this table",
            exp.Identifier: "this quoted",
            exp.Star: "except_ rename",
        },
    ),
    (
        "values",
        {
            exp.Boolean: "this",
            exp.HexString: "this",
            exp.Interval: "this unit",
            exp.Literal: "this is_string",
            exp.Null: "",
            exp.Tuple: "expressions",
            exp.Var: "this",
        },
    ),
    (
        "arithmetic",
        dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Mod), _BINARY) | {exp.Div: _BINARY, exp.Neg: "this"},
    ),
    (
        "comparison",
        dict.fromkeys(
            (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ),
            _BINARY,
        )
        | {exp.Between: "this low high", exp.In: "this expressions query"},
    ),
    (
        "logic",
        {
            exp.And: _BINARY,
            exp.Or: _BINARY,
            exp.Not: "this",
            exp.Paren: "this",
            exp.Case: "this ifs default",
            exp.If: "this true",
        },
    ),
    (
        "text",
        {
            exp.DPipe: _BINARY,
            exp.Like: _BINARY,
            exp.ILike: _BINARY,
            exp.RegexpLike: _BINARY,
            exp.Escape: _BINARY,
        },
    ),
    (
        "conversion to a plain type",
        {
            exp.Cast: "this to",
            exp.TryCast: "this to requires_string",
            exp.DataType: "this expressions",
            exp.DataTypeParam: "this",
        },
    ),
    ("items of arrays and objects", {exp.Bracket: "this expressions"}),
    (
        "calls, whose names are looked up, and their arguments",
        {
            exp.Anonymous: "this expressions",
            exp.Distinct: "expressions",
            exp.IgnoreNulls: "this",
            exp.RespectNulls: "this",
            exp.WithinGroup: "this expression",
        },
    ),
    (
        "windows",
        {
            exp.Window: "this partition_by order spec over",
            exp.WindowSpec: "kind start start_side end end_side",
        },
    ),
)

# Parts that the parser adds to any node, and that say nothing about its meaning here.
IGNORED_PARTS: Final = frozenset({"_type", "full_match", "nested", "safe", "typed"})

PARTS: Final[dict[Node, frozenset[str]]] = {
    kind: frozenset(parts.split()) for _, group in GROUPS for kind, parts in group.items()
}

QUERIES: Final[frozenset[Node]] = frozenset({exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Subquery})
SET_OPERATIONS: Final[dict[Node, str]] = {
    exp.Union: "UNION",
    exp.Except: "EXCEPT",
    exp.Intersect: "INTERSECT",
}

# Nodes of queries: a condition holds none.
QUERY_NODES: Final = frozenset(kind for _, group in GROUPS[:4] for kind in group)

# Where a class may stand, if not wherever an expression may: the class (or classes) around it.
PLACES: Final[dict[Node, frozenset[Node]]] = {
    exp.From: frozenset({exp.Select}),
    exp.Join: frozenset({exp.Select, exp.Table, exp.Subquery}),
    exp.Table: frozenset({exp.From, exp.Join, exp.Subquery}),
    exp.Values: frozenset({exp.From, exp.Join, exp.Subquery}),
    exp.With: QUERIES - {exp.Subquery},
    exp.CTE: frozenset({exp.With}),
    exp.TableAlias: frozenset({exp.Table, exp.Subquery, exp.Values, exp.CTE, exp.Pivot}),
    exp.TableSample: frozenset({exp.Table, exp.Subquery}),
    exp.Where: frozenset({exp.Select}),
    exp.Having: frozenset({exp.Select}),
    exp.Qualify: frozenset({exp.Select}),
    exp.Group: frozenset({exp.Select}),
    exp.Rollup: frozenset({exp.Group, exp.GroupingSets}),
    exp.Cube: frozenset({exp.Group, exp.GroupingSets}),
    exp.GroupingSets: frozenset({exp.Group}),
    exp.Order: QUERIES | {exp.Window, exp.WithinGroup},
    exp.Ordered: frozenset({exp.Order}),
    exp.Limit: QUERIES,
    exp.Offset: QUERIES,
    exp.Pivot: frozenset({exp.Table, exp.Subquery}),
    exp.PivotAny: frozenset({exp.In}),
    exp.Alias: frozenset({exp.Select, exp.Pivot, exp.In, exp.Star}),
    exp.Distinct: frozenset({exp.Select, exp.Anonymous}),
    exp.DataType: frozenset({exp.Cast, exp.TryCast}),
    exp.DataTypeParam: frozenset({exp.DataType}),
    exp.WindowSpec: frozenset({exp.Window}),
    exp.If: frozenset({exp.Case}),
    exp.Star: frozenset({exp.Select, exp.Anonymous, exp.Column}),
    exp.Var: frozenset({exp.TableSample, exp.Interval}),
    exp.IgnoreNulls: frozenset({exp.Window, exp.Anonymous}),
    exp.RespectNulls: frozenset({exp.Window, exp.Anonymous}),
}

# Where the parser keeps the text of what a SELECT gives.
TEXT: Final = "text"
