"""A second, independent reading of SQL text that the first reader has accepted. Trusted side, pure.

The first reader (`engine.spark.text.check`) decides what may be sent, and sends the author's lexemes. One gap
in it would be one gap in the sandbox; so sqlglot's parser, which shares no code with it, reads the very text
that is to be sent, and both must find the same: one expression or one query, the same functions (each looked
up again), the same tables, and nothing but nodes on a list. Text that sqlglot cannot read is refused, too.
Its tree is thrown away, because what it writes differs from what it read.

sqlglot recurses as deep as the text nests. It runs on a thread of its own, where the whole of Python's
stack is free, so that the answer does not depend on the caller. Rejected: raising the recursion limit,
which is one switch for the whole process. The same text comes once for each frame, so answers are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final

from sqlglot import ErrorLevel, exp

from engine.errors import Interrupted, PlanRefused
from engine.spark.text.functions import classify
from engine.spark.text.hidden import fold, is_hidden
from engine.spark.text.node_table import CALLS, EXPRESSION_NODES, NODE_PARTS, QUERY_NODES, SAME_CALL
from engine.spark.text.server_names import asks_server
from engine.spark.text.stopping import Stop, never
from engine.spark.text.words import CONSTANTS
from engine.threads import on_own_stack

_QUERIES: Final[frozenset[type[exp.Expr]]] = frozenset(
    {exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Subquery, exp.Values}
)
_CACHED_TEXTS = 512  # of at most 64 KiB each
_HINT = "write it more plainly, with unusual names in back-ticks, or use the DataFrame API"


@dataclass(frozen=True, slots=True)
class SecondReading:
    """What sqlglot finds in a text.

    Attributes:
        tables: the tables that it reads, in small letters, common table expressions included.
        functions: the functions that it calls, in small letters.
        asks: bare names, folded, that ask about the server if no column has them.
    """

    tables: frozenset[str]
    functions: frozenset[str]
    asks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be read; how long the one who asks first may wait makes no difference to what is found."""

    text: str
    query: bool
    stop: Stop = field(compare=False)


def confirm(
    text: str,
    *,
    query: bool,
    tables: Collection[str],
    functions: Collection[str],
    columns: Collection[str] = (),
    stop: Stop = never,
) -> None:
    """Refuse a text that the second reader takes for something else than the first one did.

    Args:
        text: what is to be sent.
        query: whether it is a query; else an expression.
        tables: the tables that the first reader found, in small letters.
        functions: the functions that the first reader found, in small letters.
        columns: names that are known to be columns, in any case.
        stop: is asked now and then whether to go on.

    Raises:
        PlanRefused: if the readings differ, or there is no second one.
        Interrupted: `stop` says so.
    """
    reading = read_again(text, query, stop)
    named = {SAME_CALL.get(name, name) for name in functions}
    for what, other, mine in (("function", reading.functions, named), ("table", reading.tables, set(tables))):
        if other != mine:
            names = ", ".join(sorted(other ^ mine))[:100]
            raise _ambiguous(f"what it says about the {what} {names} can be read in two ways")
    if asked := reading.asks.difference(map(fold, columns)):
        raise PlanRefused(
            "server-name",
            f"the bare name {min(asked)} asks about the data engine's server if no column has it",
            "rename the column, or qualify it: v.user",
        )


def read_again(text: str, query: bool, stop: Stop = never) -> SecondReading:
    """Read a text with sqlglot.

    Args:
        text: the SQL text.
        query: whether it has to be a query; else an expression.
        stop: is asked now and then whether to go on.

    Raises:
        PlanRefused: if it cannot be read, or holds a node, a function or a name that is not allowed.
        Interrupted: `stop` says so.
    """
    return _read_once(_Asked(text, query, stop))


@lru_cache(maxsize=_CACHED_TEXTS)
def _read_once(asked: _Asked) -> SecondReading:
    ended: list[SecondReading | PlanRefused | Interrupted] = []
    on_own_stack(lambda: ended.append(_read(asked)), "calcmetric-sql")
    match ended:
        case [SecondReading() as reading]:
            return reading
        case [PlanRefused() | Interrupted() as refusal]:
            raise refusal
    raise _ambiguous("it cannot be read a second time")


def _read(asked: _Asked) -> SecondReading | PlanRefused | Interrupted:
    """Read; return the refusal, for an exception would end in the thread."""
    try:
        return _inspect(_parse(asked), asked.query)
    except (PlanRefused, Interrupted) as refusal:
        return refusal
    except RecursionError:
        return PlanRefused(
            "sql-too-deep",
            "the SQL text is nested too deep to be checked",
            "give parts of it names with withColumn",
        )
    except Exception:  # a parser of hostile text may fail in any way; each means: not read
        return _ambiguous("a part of it is a form that only one of the two readers here knows")


def _parse(asked: _Asked) -> exp.Expr:
    from engine.spark.text.spark_dialect import StrictSpark  # slow to import; many metrics have no SQL text

    dialect = StrictSpark()
    tokens = dialect.tokenize(asked.text)
    parser = StrictSpark.Parser(dialect=dialect, error_level=ErrorLevel.RAISE)
    parser.stop = asked.stop
    parse = parser.parse if asked.query else partial(parser.parse_into, exp.Expr)
    trees = parse(tokens, asked.text)
    if len(trees) != 1 or trees[0] is None:
        raise _ambiguous("it can be read as several statements")
    return trees[0]


def _inspect(tree: exp.Expr, query: bool) -> SecondReading:
    """Check every node of a tree."""
    if query and type(tree) not in _QUERIES:
        raise _ambiguous("it can be read as something other than a query")
    known = QUERY_NODES if query else EXPRESSION_NODES
    tables, functions, asks = set[str](), set[str](), set[str]()
    for node in tree.walk():
        kind = type(node)
        if kind not in known:
            raise _ambiguous(f"a part of it can be read as {kind.__name__}, which is not allowed")
        parts = NODE_PARTS.get(kind)
        if parts is not None and not parts.issuperset(name for name, value in node.args.items() if value):
            raise _ambiguous(f"a {kind.__name__} in it has a part that is not allowed")
        if isinstance(node, exp.Values):
            _check_values(node)
        if isinstance(node, exp.Identifier) and is_hidden(node.name):
            raise PlanRefused(
                "hidden-column",
                f"{node.name[:60]!r} is a hidden column that tells about files, not data",
                "use the columns of the frame",
            )
        if isinstance(node, exp.Column) and not node.table and asks_server(node.name):
            asks.add(fold(node.name))
        functions.update(_called(node))
        if isinstance(node, exp.Table) and not isinstance(node.this, exp.Anonymous):
            tables.add(_table(node))
    return SecondReading(frozenset(tables), frozenset(functions), frozenset(asks))


def _check_values(values: exp.Values) -> None:
    """Refuse names in VALUES: `FROM values w, secret` may as well mean tables, one of them called values."""
    for node in (node for row in values.expressions for node in row.walk()):
        if isinstance(node, exp.Column) and (node.table or node.name.upper() not in CONSTANTS):
            raise _ambiguous(f"the name {node.name[:60]} in VALUES can be read as that of a table")


def _called(node: exp.Expr) -> Iterator[str]:
    """The function that a node calls, if it does, looked up."""
    if isinstance(node, exp.Anonymous):
        name = node.name.lower()
    elif isinstance(node, exp.Any) and not isinstance(node.parent, exp.Like | exp.ILike | exp.RegexpLike):
        name = "any"
    elif type(node) in CALLS:
        name = CALLS[type(node)]
    else:
        return
    rule = classify(name)
    if not rule.allowed or (isinstance(node.parent, exp.Table | exp.Lateral) and not rule.table):
        raise PlanRefused(
            "function-refused", f"the function {name[:60]} is not allowed: {rule.reason}", rule.hint
        )
    if isinstance(node.parent, exp.Dot) and node.arg_key == "expression":
        raise _ambiguous(f"the name of the function {name[:60]} is qualified")
    yield SAME_CALL.get(name, name)


def _table(node: exp.Table) -> str:
    """The name of a table, which has one part."""
    if not isinstance(node.this, exp.Identifier):
        raise _ambiguous("what stands after FROM can be read as something other than a name")
    return str(node.name).lower()


def _ambiguous(what: str) -> PlanRefused:
    return PlanRefused("sql-ambiguous", f"the SQL text is refused: {what}", _HINT)
