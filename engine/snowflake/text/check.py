"""Checking SQL text for Snowflake that comes from a guest. Trusted side, pure.

The text is parsed; every node, part, function, type and name of the tree must be on a list; the tree is
brought into one form (names in capitals and quoted, no needless parentheses); what it reads is the frame
and nothing else. Then the text that the tree makes is parsed again, and must give the same tree. Only text
that is made from a tree is ever sent.

Rejected: sending the guest's own text after a check. What a parser takes for equal, Snowflake may not:
bare CURRENT_ROLE parses as a column, `s.NEXTVAL` as a column of s, `evil.sch.ABS(x)` as the name ABS.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from sqlglot import exp

from engine.errors import PlanRefused
from engine.snowflake.text.canonical import canonical
from engine.snowflake.text.caps import (
    LONGER_TEXT_BYTES,
    LONGER_TEXTS_KEPT,
    MAX_COLUMNS,
    MAX_DEPTH,
    MAX_NODES,
    SHORT_TEXT_BYTES,
    SHORT_TEXTS_KEPT,
)
from engine.snowflake.text.emit import Writer
from engine.snowflake.text.functions import known_functions
from engine.snowflake.text.names import BASELINE, FRAME, check_name
from engine.snowflake.text.node_table import QUERIES, QUERY_NODES
from engine.snowflake.text.nodes import admit, same, settle
from engine.snowflake.text.parse import parse
from engine.snowflake.text.scopes import bare_values, bind_names, frames_read

# A condition holds no query, and looks at one row.
_NOT_IN_CONDITIONS: Final = QUERY_NODES | {exp.Window, exp.Distinct}


@dataclass(frozen=True)
class CheckedQuery:
    """A query that may be sent, once its frame is bound.

    Attributes:
        tree: the checked tree; not to be changed.
        text: the query over the placeholder, as it was made from the tree.
        functions: the functions that it calls, in capitals, sorted.
        reads: how often it reads the frame.
        bare_values: see `scopes.bare_values`; the frame must have them as columns.
        frames: the placeholders that it reads.
    """

    tree: exp.Expr
    text: str
    functions: tuple[str, ...]
    reads: int
    bare_values: frozenset[str] = frozenset()
    frames: frozenset[str] = frozenset({FRAME})

    @cached_property
    def key(self) -> bytes:
        """Equal for queries that are equal but for the names that Snowpark makes up."""
        return canonical(self.tree)[0]

    @cached_property
    def made_names(self) -> tuple[str, ...]:
        """The names that Snowpark made up, in the order of the key."""
        return canonical(self.tree)[1]


def check_query(text: str, columns: tuple[str, ...], *, two: bool = False) -> CheckedQuery:
    """Check a query over the frame, or over the frames of a call that has two.

    Args:
        text: one SELECT or set operation that reads "FRAME".
        columns: the frame's columns; of two frames those of both.
        two: whether "BASELINE_FRAME" is there, too.

    Raises:
        PlanRefused: with what is wrong and what to use instead.
    """
    check_columns(columns)
    checked = _remembered(text)
    if BASELINE in checked.frames and not two:
        raise PlanRefused(
            "read-refused",
            f"the table {BASELINE!r} is refused: a metric reads only the DataFrame that it gets",
            "use that DataFrame, or a query in WITH",
        )
    unknown = checked.bare_values.difference(columns)
    if unknown:
        raise PlanRefused(
            "sql-refused",
            f"the frame has no column {min(unknown)!r}",
            "use the columns of the frame; the time now is a call, current_timestamp()",
        )
    return checked


def reread(text: str) -> CheckedQuery:
    """A query that was checked before and written anew, with another constant in it."""
    return _remembered(text)


def over_one_frame(query: CheckedQuery) -> CheckedQuery | None:
    """A query over the second frame alone, as the same query over the first; None if names are in the way."""
    tree: exp.Expr = query.tree.copy()
    aliases = {node.this.this for node in tree.walk() if isinstance(node, exp.TableAlias) and node.this}
    if query.frames != {BASELINE} or aliases & {FRAME, BASELINE}:
        return None
    for node in tree.walk():
        name = node.this if isinstance(node, exp.Table) else node.args.get("table")
        if isinstance(node, exp.Table | exp.Column) and name is not None and name.this == BASELINE:
            name.set("this", FRAME)
    return reread(Writer().write(tree))


def check_columns(columns: tuple[str, ...]) -> None:
    """Check that the frame's own columns can be told apart from what queries name.

    Raises:
        PlanRefused: if a name is reserved, hidden or there twice, or there are too many.
    """
    if len(columns) > MAX_COLUMNS:
        raise PlanRefused(
            "plan-too-large",
            f"the frame has {len(columns):,} columns, {MAX_COLUMNS:,} are allowed",
            "give the engine a view with fewer columns",
        )
    for name in columns:
        check_name(name)
    if len(set(columns)) != len(columns):
        raise PlanRefused(
            "plan-refused",
            "the frame has a column twice",
            "give the engine a view whose columns have different names, in capitals, too",
        )


def _remembered(text: str) -> CheckedQuery:
    if len(text) <= SHORT_TEXT_BYTES:
        return _check_short(text)
    return _check_longer(text) if len(text) <= LONGER_TEXT_BYTES else _check_query(text)


def _check_query(text: str) -> CheckedQuery:
    checked = _read_query(text)
    again = _read_query(checked.text)
    if not same(again.tree, checked.tree) or again.text != checked.text:
        raise _ambiguous()
    return checked


_check_short = lru_cache(maxsize=SHORT_TEXTS_KEPT)(_check_query)
_check_longer = lru_cache(maxsize=LONGER_TEXTS_KEPT)(_check_query)


def _read_query(text: str) -> CheckedQuery:
    tree = check_tree(parse(text, query=True))
    if type(tree) not in QUERIES:
        raise PlanRefused(
            "sql-statement",
            "the SQL text is not a query",
            "a metric asks one SELECT at a time of its DataFrame",
        )
    reads = bind_names(tree)
    text, functions = Writer().write(tree), functions_of(tree)
    return CheckedQuery(tree, text, functions, reads, bare_values(tree), frames_read(tree))


def check_condition(text: str, columns: tuple[str, ...]) -> exp.Expr:
    """Check a Boolean condition over the columns of the frame, as in SegmentGroup.where.

    Args:
        text: an expression without subqueries, aggregates and windows.
        columns: the frame's columns; no other name may appear.

    Returns:
        The checked tree; not to be changed.

    Raises:
        PlanRefused: with what is wrong and what to use instead.
    """
    tree = _check_condition(text) if len(text) <= SHORT_TEXT_BYTES else _check_new_condition(text)
    known = set(columns)
    for node in tree.walk():
        if isinstance(node, exp.Column) and (node.args.get("table") or node.name not in known):
            raise PlanRefused(
                "sql-refused",
                f"the condition names {node.name[:60]!r}, which is not a column of the data",
                f"there are {', '.join(sorted(known))[:300]}; names in lower case need double quotes",
            )
    return tree


def _check_new_condition(text: str) -> exp.Expr:
    tree = _read_condition(text)
    if not same(_read_condition(Writer().write(tree)), tree):
        raise _ambiguous()
    return tree


_check_condition = lru_cache(maxsize=SHORT_TEXTS_KEPT)(_check_new_condition)


def _read_condition(text: str) -> exp.Expr:
    tree = check_tree(parse(text, query=False))
    for node in tree.walk():
        if type(node) in _NOT_IN_CONDITIONS:
            raise PlanRefused(
                "sql-subquery",
                "a condition holds a query or a window",
                "compare the columns of one row",
            )
        if isinstance(node, exp.Anonymous) and known_functions()[node.this].kind != "scalar":
            raise PlanRefused(
                "sql-refused",
                f"a condition calls {node.this}, which needs more than one row: others, the time or chance",
                "compare the columns of one row",
            )
    return tree


def check_tree(tree: exp.Expr) -> exp.Expr:
    """Check every node of a parsed tree, and bring the tree into its one form.

    Raises:
        PlanRefused: for whatever is not allowed.
    """
    count, stack = 0, [(tree, 1)]
    order: list[exp.Expr] = []
    while stack:
        node, depth = stack.pop()
        count += 1
        if count > MAX_NODES or depth > MAX_DEPTH:
            raise PlanRefused(
                "sql-too-deep" if depth > MAX_DEPTH else "sql-too-long",
                f"the query is too large: {MAX_NODES:,} parts, {MAX_DEPTH} inside one another are allowed",
                "select the columns that the metric needs first, or split the query",
            )
        admit(node)
        order.append(node)
        stack.extend((child, depth + 1) for child in node.iter_expressions())
    # From the leaves up, so that a node finds its parts in their one form.
    for node in reversed(order):
        settle(node)
    while isinstance(tree, exp.Paren):
        tree = tree.this.pop()
    return tree


def functions_of(tree: exp.Expr) -> tuple[str, ...]:
    """The functions that a checked tree calls."""
    return tuple(sorted({node.this for node in tree.walk() if isinstance(node, exp.Anonymous)}))


def _ambiguous() -> PlanRefused:
    return PlanRefused(
        "sql-ambiguous",
        "the SQL text is refused: it can be read in two ways",
        "write it more plainly, with parentheses around operators, or use the DataFrame API",
    )
