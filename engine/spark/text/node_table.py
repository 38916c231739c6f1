"""What sqlglot may find in SQL text: the classes of its nodes, in groups with the reason. Pure data.

Found by reading the corpora of the tests; a class that is not here (Command, Into, Lock, Hint, Create,
Insert, QueryTransform, Version, Parameter of a script, ...) is refused. Names rather than classes, so that
sqlglot is imported only when the first text is read.
"""

from __future__ import annotations

from typing import Final

from engine.spark.text.words import word_set

_EXPRESSION_GROUPS: Final[tuple[tuple[str, str], ...]] = (
    ("names of columns and fields", "Alias Aliases Column Dot Identifier Star Var"),
    ("values", "Boolean HexString Interval IntervalSpan Literal Null RawString Tuple"),
    ("'a' 'b' is one string", "Concat"),
    ("arithmetic", "Add Div IntDiv Mod Mul Neg Sub"),
    ("bits", "BitwiseAnd BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor"),
    ("comparison", "Between EQ GT GTE In Is LT LTE NEQ NullSafeEQ NullSafeNEQ"),
    ("logic", "And Case If Not Or Paren"),
    ("text", "Collate DPipe Escape ILike Like RegexpLike"),
    ("LIKE ANY (...), LIKE ALL (...)", "All Any"),
    ("conversion to a plain type", "Cast ColumnDef DataType DataTypeParam TryCast"),
    ("items of arrays and maps, lambdas", "Bracket Lambda"),
    ("calls, whose names are looked up", "Anonymous Extract Overlay StrPosition Substring Trim"),
    ("arguments of calls", "Distinct IgnoreNulls Kwarg RespectNulls"),
    ("aggregates over a part of the rows", "Filter Order Ordered Where WithinGroup"),
    ("windows", "Window WindowSpec"),
)

_QUERY_GROUPS: Final[tuple[tuple[str, str], ...]] = (
    ("queries", "CTE Except Exists Intersect Select Subquery Union Values With"),
    ("what they read, whose names are looked up", "From Join Lateral Table TableAlias TableSample"),
    ("grouping", "Cube Group GroupingSets Having Qualify Rollup"),
    ("order and length", "Cluster Distribute Fetch Limit Offset Sort"),
    ("rows to columns and back", "Pivot PivotAlias UnpivotColumns"),
    ("? and :name, given as arguments", "Placeholder"),
)

EXPRESSION_NODES: Final = frozenset().union(*(word_set(names) for _, names in _EXPRESSION_GROUPS))
QUERY_NODES: Final = EXPRESSION_NODES.union(*(word_set(names) for _, names in _QUERY_GROUPS))

_TAIL: Final = "cluster distribute limit offset order sort windows with_"
_SET_OPERATION: Final = word_set(f"this expression distinct {_TAIL}")

# The parts that nodes may have which say where rows come from or what is done. So there is no SELECT with
# INTO, FOR UPDATE or AS STRUCT, no table of a catalog, at a version or on a partition, no CAST with FORMAT.
NODE_PARTS: Final[dict[str, frozenset[str]]] = {
    "Select": word_set(f"distinct expressions from_ group having joins laterals qualify where {_TAIL}"),
    "Union": _SET_OPERATION,
    "Except": _SET_OPERATION,
    "Intersect": _SET_OPERATION,
    "Subquery": word_set(f"this alias joins laterals pivots sample {_TAIL}"),
    "Values": word_set("alias expressions limit offset order pivots"),
    "With": word_set("expressions"),
    "CTE": word_set("alias this"),
    "From": word_set("this"),
    "Join": word_set("this kind method on side using"),
    "Lateral": word_set("this alias outer view"),
    "Table": word_set("this alias joins laterals pivots sample"),
    "In": word_set("this expressions query"),
    "Exists": word_set("this"),
    "Cast": word_set("this to"),
    "TryCast": word_set("this to safe"),
    "Anonymous": word_set("this expressions"),
}

# Nodes that stand for a call of a function, with its name.
CALLS: Final = {
    "Extract": "extract",
    "Overlay": "overlay",
    "StrPosition": "position",
    "Substring": "substring",
    "Trim": "trim",
}
# Two names for one function, which make one node.
SAME_CALL: Final = {"substr": "substring"}
