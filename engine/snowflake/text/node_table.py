"""What sqlglot may find in SQL text for Snowflake: classes of nodes and their parts. Pure data.

A class that is in no group is refused, and so is a part that has a value and is not listed. Names rather
than classes, so that sqlglot is imported only when the first text is read.
"""

from __future__ import annotations

from typing import Final

_BINARY: Final = "this expression"
_SET: Final = "this expression distinct order limit offset with_"

# reason, {class: parts}.
GROUPS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    (
        "queries",
        {
            "Select": "expressions distinct from_ joins where group having qualify order limit offset with_",
            "Union": _SET,
            "Except": _SET,
            "Intersect": _SET,
            "Subquery": "this alias joins sample pivots",
            "With": "expressions",
            "CTE": "this alias",
            "Exists": "this",
        },
    ),
    (
        "what they read: the frame, a query, or a literal table",
        {
            "From": "this",
            "Join": "this kind side method on using match_condition",
            "Table": "this alias joins sample pivots",
            "TableAlias": "this columns",
            "TableSample": "method percent size",
            "Values": "expressions alias",
        },
    ),
    (
        "which rows, in what groups and order",
        {
            "Where": "this",
            "Having": "this",
            "Qualify": "this",
            "Group": "expressions",
            "Rollup": "expressions",
            "Cube": "expressions",
            "GroupingSets": "expressions",
            "Order": "expressions",
            "Ordered": "this desc nulls_first",
            "Limit": "expression",
            "Offset": "expression",
        },
    ),
    (
        "rows to columns and back; the parser adds how columns are named",
        {
            "Pivot": "expressions fields unpivot alias include_nulls columns identify_pivot_strings"
            " prefixed_pivot_columns pivot_column_naming value_columns_first",
            "PivotAny": "",
        },
    ),
    (
        "names",
        {
            "Alias": "this alias",
            "Column": "this table",
            "Identifier": "this quoted",
            "Star": "except_ rename",
        },
    ),
    (
        "values",
        {
            "Boolean": "this",
            "HexString": "this",
            "Interval": "this unit",
            "Literal": "this is_string",
            "Null": "",
            "Tuple": "expressions",
            "Var": "this",
        },
    ),
    ("arithmetic", dict.fromkeys(("Add", "Sub", "Mul", "Mod"), _BINARY) | {"Div": _BINARY, "Neg": "this"}),
    (
        "comparison",
        dict.fromkeys(("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "Is", "NullSafeEQ", "NullSafeNEQ"), _BINARY)
        | {"Between": "this low high", "In": "this expressions query"},
    ),
    (
        "logic",
        {
            "And": _BINARY,
            "Or": _BINARY,
            "Not": "this",
            "Paren": "this",
            "Case": "this ifs default",
            "If": "this true",
        },
    ),
    (
        "text",
        {"DPipe": _BINARY, "Like": _BINARY, "ILike": _BINARY, "RegexpLike": _BINARY, "Escape": _BINARY},
    ),
    (
        "conversion to a plain type",
        {
            "Cast": "this to",
            "TryCast": "this to requires_string",
            "DataType": "this expressions",
            "DataTypeParam": "this",
        },
    ),
    ("items of arrays and objects", {"Bracket": "this expressions"}),
    (
        "calls, whose names are looked up, and their arguments",
        {
            "Anonymous": "this expressions",
            "Distinct": "expressions",
            "IgnoreNulls": "this",
            "RespectNulls": "this",
            "WithinGroup": "this expression",
        },
    ),
    (
        "windows",
        {
            "Window": "this partition_by order spec over",
            "WindowSpec": "kind start start_side end end_side",
        },
    ),
)

# Parts that the parser adds to any node, and that say nothing about its meaning here.
IGNORED_PARTS: Final = frozenset({"_type", "full_match", "nested", "safe", "typed"})

PARTS: Final[dict[str, frozenset[str]]] = {
    name: frozenset(parts.split()) for _, group in GROUPS for name, parts in group.items()
}

QUERIES: Final = frozenset({"Select", "Union", "Except", "Intersect", "Subquery"})
SET_OPERATIONS: Final = {"Union": "UNION", "Except": "EXCEPT", "Intersect": "INTERSECT"}

# Nodes of queries: a condition holds none.
QUERY_NODES: Final = frozenset(name for _, group in GROUPS[:4] for name in group)

# Where a class may stand, if not wherever an expression may: the class (or classes) around it.
PLACES: Final[dict[str, frozenset[str]]] = {
    "From": frozenset({"Select"}),
    "Join": frozenset({"Select", "Table", "Subquery"}),
    "Table": frozenset({"From", "Join", "Subquery"}),
    "Values": frozenset({"From", "Join", "Subquery"}),
    "With": QUERIES - {"Subquery"},
    "CTE": frozenset({"With"}),
    "TableAlias": frozenset({"Table", "Subquery", "Values", "CTE", "Pivot"}),
    "TableSample": frozenset({"Table", "Subquery"}),
    "Where": frozenset({"Select"}),
    "Having": frozenset({"Select"}),
    "Qualify": frozenset({"Select"}),
    "Group": frozenset({"Select"}),
    "Rollup": frozenset({"Group", "GroupingSets"}),
    "Cube": frozenset({"Group", "GroupingSets"}),
    "GroupingSets": frozenset({"Group"}),
    "Order": QUERIES | {"Window", "WithinGroup"},
    "Ordered": frozenset({"Order"}),
    "Limit": QUERIES,
    "Offset": QUERIES,
    "Pivot": frozenset({"Table", "Subquery"}),
    "PivotAny": frozenset({"In"}),
    "Alias": frozenset({"Select", "Pivot", "In", "Star"}),
    "Distinct": frozenset({"Select", "Anonymous"}),
    "DataType": frozenset({"Cast", "TryCast"}),
    "DataTypeParam": frozenset({"DataType"}),
    "WindowSpec": frozenset({"Window"}),
    "If": frozenset({"Case"}),
    "Star": frozenset({"Select", "Anonymous", "Column"}),
    "Var": frozenset({"TableSample", "Interval"}),
    "IgnoreNulls": frozenset({"Window", "Anonymous"}),
    "RespectNulls": frozenset({"Window", "Anonymous"}),
}

# Where the parser keeps the text of what a SELECT gives.
TEXT: Final = "text"
