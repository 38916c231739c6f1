"""What names in a checked tree stand for: the frame, a query in WITH, an alias in sight. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from engine.errors import PlanRefused
from engine.snowflake.text.caps import MAX_CTES, MAX_FRAME_READS
from engine.snowflake.text.names import BARE_VALUES, BASELINE, FRAME


def bind_names(tree: exp.Expr) -> int:
    """Check that every table is the frame or a query in WITH, and every qualifier an alias in sight.

    Returns:
        How often the frame is read.

    Raises:
        PlanRefused: for any other name.
    """
    reads, named, sources = 0, 0, dict[int, frozenset[str]]()
    for node in tree.walk():
        if isinstance(node, exp.With):
            _check_with(node)
            named += len(node.expressions)
            if named > MAX_CTES:
                raise PlanRefused(
                    "plan-too-large",
                    f"the query has more than {MAX_CTES} queries in WITH",
                    "use fewer, or fetch what is needed once with to_pandas()",
                )
        elif isinstance(node, exp.Table):
            name = node.this.this
            if name in (FRAME, BASELINE):
                reads += 1
            elif not is_defined(node):
                raise PlanRefused(
                    "read-refused",
                    f"the table {name[:60]!r} is refused: a metric reads only the DataFrame that it gets",
                    "use that DataFrame, or a query in WITH",
                )
        elif isinstance(node, exp.Column) and node.args.get("table") is not None:
            _check_qualifier(node, sources)
    if reads > MAX_FRAME_READS:
        raise PlanRefused(
            "plan-too-large",
            f"the query reads the frame {reads} times, {MAX_FRAME_READS} are allowed",
            "aggregate first, or fetch what is needed once with to_pandas()",
        )
    return reads


def frames_read(tree: exp.Expr) -> frozenset[str]:
    """Which of the two placeholders a tree reads."""
    names = {node.this.this for node in tree.walk() if isinstance(node, exp.Table)}
    return frozenset(names & {FRAME, BASELINE})


def bare_values(tree: exp.Expr) -> frozenset[str]:
    """Names that a tree takes for columns and defines nowhere, and that are values on DuckDB, even quoted."""
    used, defined = set[str](), set[str]()
    for node in tree.walk():
        if isinstance(node, exp.Identifier) and isinstance(node.parent, exp.Alias | exp.TableAlias):
            defined.add(node.this)
        elif (
            isinstance(node, exp.Column)
            and node.args.get("table") is None
            and node.name.upper() in BARE_VALUES
        ):
            used.add(node.name)
    return frozenset(used - defined)


def is_defined(table: exp.Expr) -> bool:
    """Whether a query of this name in WITH is in sight of a table: around it, and before it.

    A query of that name does not see one further out: Snowflake takes it for recursive without being told.
    """
    name = table.this.this
    child, parent = table, table.parent
    while parent is not None:
        if isinstance(parent, exp.CTE) and _cte_name(parent) == name:
            return False
        if isinstance(parent, exp.With):
            for one in parent.expressions:
                if one is child:
                    break
                if _cte_name(one) == name:
                    return True
        held = parent.args.get("with_")
        if held is not None and held is not child and any(_cte_name(one) == name for one in held.expressions):
            return True
        child, parent = parent, parent.parent
    return False


def _check_with(node: exp.Expr) -> None:
    names = [_cte_name(one).upper() for one in node.expressions]
    if FRAME in names or BASELINE in names or len(set(names)) != len(names):
        raise PlanRefused(
            "table-refused",
            f"WITH gives a name twice, or gives {FRAME!r} or {BASELINE!r}, which are the frames'",
            "give each query another name",
        )


def _cte_name(cte: exp.Expr) -> str:
    return str(cte.args["alias"].this.this)


def _check_qualifier(column: exp.Expr, sources: dict[int, frozenset[str]]) -> None:
    name = column.args["table"].this
    parent = column.parent
    while parent is not None:
        if isinstance(parent, exp.Select):
            if id(parent) not in sources:
                sources[id(parent)] = frozenset(_names_of_sources(parent))
            if name in sources[id(parent)]:
                return
        parent = parent.parent
    raise PlanRefused(
        "table-refused",
        f"{name[:60]!r} is refused before a dot: it is not the alias of something that the query reads",
        "give the DataFrame this alias, or leave the part before the dot out",
    )


def _names_of_sources(select: exp.Expr) -> Iterator[str]:
    items = [select.args["from_"].this] if select.args.get("from_") else []
    items += [join.this for join in select.args.get("joins", ())]
    while items:
        item = items.pop()
        items += [join.this for join in item.args.get("joins", ())]
        alias = item.args.get("alias")
        for pivot in item.args.get("pivots", ()):
            alias = pivot.args.get("alias") or alias
        if alias is not None and alias.args.get("this") is not None:
            yield alias.this.this
        elif isinstance(item, exp.Table):
            yield item.this.this
        if isinstance(item, exp.Subquery) and isinstance(item.this, exp.Table | exp.Subquery | exp.Values):
            items.append(item.this)
