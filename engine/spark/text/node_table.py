"""What sqlglot may find in SQL text: the classes of its nodes, in groups with the reason. Pure data.

Found by reading the corpora of the tests; a class that is not here (Command, Into, Lock, Hint, Create,
Insert, QueryTransform, Version, Parameter of a script, ...) is refused, even if it is derived from one that
is here.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from sqlglot import exp

from engine.spark.text.words import word_set

Node: TypeAlias = type[exp.Expr]
_Groups: TypeAlias = tuple[tuple[str, tuple[Node, ...]], ...]

_EXPRESSION_GROUPS: Final[_Groups] = (
    (
        "names of columns and fields",
        (exp.Alias, exp.Aliases, exp.Column, exp.Dot, exp.Identifier, exp.Star, exp.Var),
    ),
    (
        "values",
        (
            *(exp.Boolean, exp.HexString, exp.Interval, exp.IntervalSpan),
            *(exp.Literal, exp.Null, exp.RawString, exp.Tuple),
        ),
    ),
    ("'a' 'b' is one string", (exp.Concat,)),
    ("arithmetic", (exp.Add, exp.Div, exp.IntDiv, exp.Mod, exp.Mul, exp.Neg, exp.Sub)),
    (
        "bits",
        (
            *(exp.BitwiseAnd, exp.BitwiseLeftShift, exp.BitwiseNot),
            *(exp.BitwiseOr, exp.BitwiseRightShift, exp.BitwiseXor),
        ),
    ),
    (
        "comparison",
        (
            *(exp.Between, exp.EQ, exp.GT, exp.GTE, exp.In, exp.Is, exp.LT, exp.LTE),
            *(exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ),
        ),
    ),
    ("logic", (exp.And, exp.Case, exp.If, exp.Not, exp.Or, exp.Paren)),
    ("text", (exp.Collate, exp.DPipe, exp.Escape, exp.ILike, exp.Like, exp.RegexpLike)),
    ("LIKE ANY (...), LIKE ALL (...)", (exp.All, exp.Any)),
    ("conversion to a plain type", (exp.Cast, exp.ColumnDef, exp.DataType, exp.DataTypeParam, exp.TryCast)),
    ("items of arrays and maps, lambdas", (exp.Bracket, exp.Lambda)),
    (
        "calls, whose names are looked up",
        (exp.Anonymous, exp.Extract, exp.Overlay, exp.StrPosition, exp.Substring, exp.Trim),
    ),
    ("arguments of calls", (exp.Distinct, exp.IgnoreNulls, exp.Kwarg, exp.RespectNulls)),
    ("aggregates over a part of the rows", (exp.Filter, exp.Order, exp.Ordered, exp.Where, exp.WithinGroup)),
    ("windows", (exp.Window, exp.WindowSpec)),
)

_QUERY_GROUPS: Final[_Groups] = (
    (
        "queries",
        (
            *(exp.CTE, exp.Except, exp.Exists, exp.Intersect, exp.Select),
            *(exp.Subquery, exp.Union, exp.Values, exp.With),
        ),
    ),
    (
        "what they read, whose names are looked up",
        (exp.From, exp.Join, exp.Lateral, exp.Table, exp.TableAlias, exp.TableSample),
    ),
    ("grouping", (exp.Cube, exp.Group, exp.GroupingSets, exp.Having, exp.Qualify, exp.Rollup)),
    ("order and length", (exp.Cluster, exp.Distribute, exp.Fetch, exp.Limit, exp.Offset, exp.Sort)),
    ("rows to columns and back", (exp.Pivot, exp.PivotAlias, exp.UnpivotColumns)),
    ("? and :name, given as arguments", (exp.Placeholder,)),
)

EXPRESSION_NODES: Final = frozenset(kind for _, kinds in _EXPRESSION_GROUPS for kind in kinds)
QUERY_NODES: Final = EXPRESSION_NODES.union(kind for _, kinds in _QUERY_GROUPS for kind in kinds)

_TAIL: Final = "cluster distribute limit offset order sort windows with_"
_SET_OPERATION: Final = word_set(f"this expression distinct {_TAIL}")

# The parts that nodes may have which say where rows come from or what is done. So there is no SELECT with
# INTO, FOR UPDATE or AS STRUCT, no table of a catalog, at a version or on a partition, no CAST with FORMAT.
NODE_PARTS: Final[dict[Node, frozenset[str]]] = {
    exp.Select: word_set(f"distinct expressions from_ group having joins laterals qualify where {_TAIL}"),
    exp.Union: _SET_OPERATION,
    exp.Except: _SET_OPERATION,
    exp.Intersect: _SET_OPERATION,
    exp.Subquery: word_set(f"this alias joins laterals pivots sample {_TAIL}"),
    exp.Values: word_set("alias expressions limit offset order pivots"),
    exp.With: word_set("expressions"),
    exp.CTE: word_set("alias this"),
    exp.From: word_set("this"),
    exp.Join: word_set("this kind method on side using"),
    exp.Lateral: word_set("this alias outer view"),
    exp.Table: word_set("this alias joins laterals pivots sample"),
    exp.In: word_set("this expressions query"),
    exp.Exists: word_set("this"),
    exp.Cast: word_set("this to"),
    exp.TryCast: word_set("this to safe"),
    exp.Anonymous: word_set("this expressions"),
}

# Nodes that stand for a call of a function, with its name.
CALLS: Final[dict[Node, str]] = {
    exp.Extract: "extract",
    exp.Overlay: "overlay",
    exp.StrPosition: "position",
    exp.Substring: "substring",
    exp.Trim: "trim",
}
# Two names for one function, which make one node.
SAME_CALL: Final = {"substr": "substring"}
