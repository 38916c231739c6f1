"""Checks of the nodes that queries are made of. Trusted side, pure."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from engine.errors import PlanRefused
from engine.snowflake.text.caps import MAX_COLUMNS, MAX_JOINS, MAX_NAME, MAX_VALUES_ROWS
from engine.snowflake.text.node_table import SET_OPERATIONS, TEXT
from engine.snowflake.text.refusals import refused

_PLAIN_QUERIES: Final[frozenset[type[exp.Expr]]] = frozenset({exp.Select, *SET_OPERATIONS})
_SOURCES: Final[frozenset[type[exp.Expr]]] = frozenset({exp.Table, exp.Subquery, exp.Values})

# method, kind, side; LEFT OUTER is LEFT, INNER is what a join is anyway.
_JOINS: Final = frozenset(
    {("", "CROSS", ""), ("ASOF", "", "")}
    | {(method, "", side) for method in ("", "NATURAL") for side in ("", "LEFT", "RIGHT", "FULL")}
)
# What stands in VALUES and PIVOT's lists: no names, which might be those of tables.
_NO_CONSTANTS: Final[frozenset[type[exp.Expr]]] = frozenset(
    {exp.Column, exp.Table, exp.Select, exp.Window, exp.Exists, *SET_OPERATIONS}
)


def admit_select(node: exp.Expr) -> None:
    """Give each column without a name the one that Snowflake would give: its text, in capitals."""
    _name_places(node)
    for item in node.expressions:
        inner = item
        while isinstance(inner, exp.Paren):
            inner = inner.this
        if not isinstance(inner, exp.Alias | exp.Column | exp.Star):
            name = " ".join(item.meta.get(TEXT, "").split()).upper()[:MAX_NAME] or "1"
            alias = exp.Alias(alias=exp.Identifier(this=name, quoted=True))
            item.replace(alias)
            alias.set("this", item)


def _name_places(node: exp.Expr) -> None:
    """Name the columns that a SELECT over a literal table gives by their place, as Snowpark does."""
    source = node.args.get("from_")
    if source is None or not isinstance(source.this, exp.Values) or node.args.get("joins"):
        return
    for item in node.expressions:
        place = item.this if isinstance(item, exp.Alias) else item
        if isinstance(place, exp.Parameter) and str(place.name).isdecimal() and len(place.name) < 5:
            place.replace(exp.column(exp.to_identifier(f"COLUMN{int(place.name)}", quoted=True)))


def select(node: exp.Expr) -> None:
    """SELECT."""
    if not node.expressions:
        raise refused("SELECT names no columns")
    if len(node.expressions) > MAX_COLUMNS:
        raise PlanRefused("plan-too-large", f"a query has at most {MAX_COLUMNS:,} columns", "select fewer")
    if len(node.args.get("joins", ())) > MAX_JOINS:
        raise PlanRefused(
            "plan-too-large", f"a query joins at most {MAX_JOINS} tables at once", "aggregate before joining"
        )
    if node.args.get("joins") and not node.args.get("from_"):
        raise refused("JOIN stands without FROM")


def set_operation(node: exp.Expr) -> None:
    """UNION, EXCEPT, INTERSECT."""
    for side in (node.this, node.args.get("expression")):
        if not _is_query(side):
            raise refused(f"{SET_OPERATIONS[type(node)]} stands between two queries")
    if not isinstance(node, exp.Union) and not node.args.get("distinct"):
        raise refused("EXCEPT ALL and INTERSECT ALL are not Snowflake's", "use except_ or intersect")
    for part in ("this", "expression"):
        _unwrap(node.args[part])


def _unwrap(side: exp.Expr) -> None:
    """Take a query out of its parentheses: each side gets a pair when it is written."""
    while isinstance(side, exp.Subquery):
        inner = side.this
        side.replace(inner.pop())
        side = inner


def _is_query(node: exp.Expr | None) -> bool:
    """Whether it is a query, in parentheses or not, with nothing after them."""
    while node is not None and isinstance(node, exp.Subquery) and set(node.args) == {"this"}:
        node = node.this
    return type(node) in _PLAIN_QUERIES


def table(node: exp.Expr) -> None:
    """A table, with what follows it."""
    if node.args.get("pivots") and node.args.get("sample"):
        raise refused("SAMPLE and PIVOT stand at one table", "sample in a query of its own")


def subquery(node: exp.Expr) -> None:
    """A query in parentheses; after FROM also a table or a join."""
    table(node)
    if isinstance(node.parent, exp.From | exp.Join | exp.Subquery):
        if type(node.this) not in _PLAIN_QUERIES | _SOURCES:
            raise refused("parentheses after FROM hold something other than a query")
    elif not _is_query(node):
        raise refused("a query in parentheses has parts that are not allowed there")


def in_(node: exp.Expr) -> None:
    """IN, also of PIVOT."""
    query = node.args.get("query")
    if not isinstance(node.parent, exp.Pivot) and any(
        type(value) in (exp.PivotAny, exp.Alias, *_PLAIN_QUERIES) for value in node.expressions
    ):
        raise refused("IN stands before values or a query in parentheses")
    if (query is None) == (not node.expressions) or (query is not None and not _is_query(query)):
        raise refused("IN stands before values or a query in parentheses")


def exists(node: exp.Expr) -> None:
    """EXISTS."""
    if not _is_query(node.this):
        raise refused("EXISTS stands before a query")
    _unwrap(node.this)


def from_(node: exp.Expr) -> None:
    """FROM."""
    if type(node.this) not in _SOURCES:
        raise refused("FROM stands before something other than the frame or a query")


def admit_table(node: exp.Expr) -> None:
    """A table has one plain name."""
    if isinstance(node.this, exp.Identifier):
        return
    called = isinstance(node.this, exp.Anonymous)
    what = f"the table function {str(node.this.this)[:60]}" if called else "what stands after FROM"
    raise PlanRefused(
        "read-refused", f"{what} is refused", "a metric reads only the DataFrame that calc_metric gets"
    )


def values(node: exp.Expr) -> None:
    """VALUES: a literal table, whose columns are named as Snowflake names them."""
    rows = node.expressions
    if any(not isinstance(row, exp.Tuple) or not row.expressions for row in rows):
        raise refused("VALUES holds rows in parentheses")
    if len(rows) > MAX_VALUES_ROWS or len({len(row.expressions) for row in rows}) != 1:
        raise refused(f"VALUES holds at most {MAX_VALUES_ROWS:,} rows of the same length")
    if not all(map(_is_constant, rows)):
        raise PlanRefused("sql-ambiguous", "VALUES holds names or queries", "give plain values")
    alias = node.args.get("alias")
    if alias is None:
        alias = exp.TableAlias(this=exp.Identifier(this="VALUES", quoted=True))
        node.set("alias", alias)
    if not alias.args.get("columns"):
        names = [f"COLUMN{place}" for place in range(1, len(rows[0].expressions) + 1)]
        alias.set("columns", [exp.Identifier(this=name, quoted=True) for name in names])


def _is_constant(node: exp.Expr) -> bool:
    return all(type(inner) not in _NO_CONSTANTS for inner in node.walk())


def join(node: exp.Expr) -> None:
    """A join."""
    method, kind, side = (str(node.args.get(part) or "").upper() for part in ("method", "kind", "side"))
    if kind == "INNER" and not side:
        kind = ""
    if kind == "OUTER" and side:
        kind = ""
    if (method, kind, side) not in _JOINS:
        raise refused(
            f"the join {' '.join(filter(None, (method, side, kind)))[:60]} is not allowed", "use df.join"
        )
    if (method == "ASOF") != bool(node.args.get("match_condition")):
        raise refused("an ASOF join has a MATCH_CONDITION, and no other join has")
    if type(node.this) not in _SOURCES:
        raise refused("JOIN stands before something other than the frame or a query")
    if any(not isinstance(name, exp.Identifier) for name in node.args.get("using", ())):
        raise refused("USING names columns")
    conditions = [part for part in ("on", "using") if node.args.get(part)]
    if len(conditions) > 1 or (conditions and (kind == "CROSS" or method == "NATURAL")):
        raise refused("a join has more conditions than fit together")
    if not conditions and method == kind == "":
        if side:
            raise refused(f"a {side} JOIN says what it is on")
        kind = "CROSS"
    for part, word in (("method", method), ("kind", kind), ("side", side)):
        node.args.pop(part, None)
        if word:
            node.set(part, word)


def sample(node: exp.Expr) -> None:
    """SAMPLE, of rows. Snowflake takes no seed where it samples a query, which the frame is."""
    method = node.args.get("method")
    if method is not None and method.name.upper() not in ("BERNOULLI", "ROW"):
        raise refused("only rows are sampled, not blocks", "use df.sample")
    node.args.pop("method", None)
    sizes = [node.args[part] for part in ("percent", "size") if part in node.args]
    if len(sizes) != 1 or not isinstance(sizes[0], exp.Literal) or sizes[0].args.get("is_string"):
        raise refused("SAMPLE takes one number", "use df.sample")


def admit_pivot(node: exp.Expr) -> None:
    """Drop what the parser adds: how it thinks that columns are named."""
    for part in set(node.args) - {"expressions", "fields", "unpivot", "alias", "include_nulls"}:
        node.args.pop(part)


def pivot(node: exp.Expr) -> None:
    """PIVOT and UNPIVOT: one aggregate, one column, given values."""
    fields, aggregates = node.args.get("fields", []), node.expressions
    if (
        len(fields) != 1
        or not isinstance(fields[0], exp.In)
        or not fields[0].expressions
        or len(aggregates) != 1
    ):
        raise refused(
            "PIVOT has one aggregate and FOR column IN (values)", "give values: df.pivot(column, [values])"
        )
    names = (exp.Identifier, exp.Column)
    if node.args.get("unpivot"):
        good = type(aggregates[0]) in names and all(_is_name(value) for value in fields[0].expressions)
    else:
        values = fields[0].expressions
        one = len(values) == 1 and (isinstance(values[0], exp.PivotAny) or _is_query(values[0]))
        good = isinstance(aggregates[0], exp.Anonymous) and (one or all(map(_is_constant, values)))
    if not good or type(fields[0].this) not in names:
        raise refused("PIVOT and UNPIVOT name columns and constant values")


def _is_name(node: exp.Expr) -> bool:
    inner = node.this if isinstance(node, exp.Alias) else node
    return isinstance(inner, exp.Identifier) or (
        isinstance(inner, exp.Column) and set(inner.args) == {"this"}
    )


def limit(node: exp.Expr) -> None:
    """LIMIT and OFFSET."""
    number = node.args.get("expression")
    if isinstance(number, exp.Null) and isinstance(node, exp.Limit):
        return
    written = number.this if number is not None and isinstance(number, exp.Literal) else ""
    if number is None or not str(written).isdecimal() or number.args.get("is_string"):
        raise refused("LIMIT and OFFSET take a whole number", "use df.limit(n)")


def ordered(node: exp.Expr) -> None:
    """An item of ORDER BY: it says where its nulls go."""
    node.set("nulls_first", bool(node.args.get("nulls_first")))
    node.set("desc", bool(node.args.get("desc")))


def with_(node: exp.Expr) -> None:
    """WITH."""
    if any(not isinstance(one, exp.CTE) for one in node.expressions):
        raise refused("WITH names queries")


def cte(node: exp.Expr) -> None:
    """One query of WITH."""
    if not _is_query(node.this) or node.args.get("alias") is None:
        raise refused("WITH names queries")
    _unwrap(node.this)
