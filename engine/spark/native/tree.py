"""Expressions with Spark's types: what is read from plans and SQL text, and written as DuckDB's SQL. Pure.

An expression is *approximate* if two runs of Spark itself may differ in its last bits: sums and moments of
floating numbers, and functions of which Java and C round differently. Such a value is never compared,
grouped by, sorted by, rounded or made text of natively.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from engine.spark.native.types import BOOLEAN, SparkType

Nulls: TypeAlias = Literal["any", "always", "never", "all", "first"]
Constant: TypeAlias = bool | int | float | str | decimal.Decimal | dt.date | dt.datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table of functions: one function with one signature.

    Attributes:
        name: Spark's name of it, in small letters.
        takes: the types of its arguments, exactly.
        gives: the type of its result.
        sql: how DuckDB writes it; `{0}` is the first argument.
        raises: a condition that holds wherever Spark raises an error, or the line is not proven; SQL of the
            same form, empty if there is none. Null means no. Of an aggregate it is an aggregate, too.
        nullable: when the result can be null: if any argument can, if all can, if the first one can, always,
            or never.
        approximate: whether its last bits are the platform's own.
        passes: whether arguments may be approximate, and make the result so.
        aggregate: whether it is an aggregate function.
    """

    name: str
    takes: tuple[SparkType, ...]
    gives: SparkType
    sql: str
    raises: str = ""
    nullable: Nulls = "any"
    approximate: bool = False
    passes: bool = False
    aggregate: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation.

    Attributes:
        number: it is c<number> in the SQL, and no other column of the plan is.
        name: what authors call it; None if it has a name that is not known for sure.
        type: Spark's.
        nullable: whether Spark says that it may be null.
        approximate: see above.
        automatic: whether Spark says in its metadata that it made the name.
        alias: the name of the relation that it is of, in small letters; empty if it has none.
        constant: whether Spark may find that it has one value; see `may_be_constant`.
    """

    number: int
    name: str | None
    type: SparkType
    nullable: bool
    approximate: bool = False
    automatic: bool = False
    alias: str = ""
    constant: bool = False


@dataclass(frozen=True, slots=True)
class Ref:
    """A column of the relation below."""

    column: Column

    @property
    def type(self) -> SparkType:
        """The column's: a reference changes nothing of it."""
        return self.column.type

    @property
    def nullable(self) -> bool:
        """Whether it may be null."""
        return self.column.nullable

    @property
    def approximate(self) -> bool:
        """See the module."""
        return self.column.approximate


@dataclass(frozen=True, slots=True)
class Value:
    """A constant; instants are in UTC, without a zone.

    Attributes:
        value: the constant as a Python value; None for null.
        type: Spark's.
        cast: whether it was made of a text, of which Spark says that it may be null.
        computed: whether more than a literal is written, which Spark knows by its type only: beside a decimal
            a literal has as many digits as are written, and anything else all that its type can have.
    """

    value: Constant
    type: SparkType
    cast: bool = False
    computed: bool = False

    @property
    def nullable(self) -> bool:
        """Whether Spark says that it may be null."""
        return self.cast or self.value is None

    approximate = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the table."""

    line: Line
    arguments: tuple[Expr, ...]

    @property
    def type(self) -> SparkType:
        """What the line gives, which was chosen by the exact types of the arguments."""
        return self.line.gives

    @property
    def nullable(self) -> bool:
        """Whether it may be null."""
        match self.line.nullable:
            case "any":
                return any(one.nullable for one in self.arguments)
            case "all":
                return all(one.nullable for one in self.arguments)
            case "first":
                return self.arguments[0].nullable
        return self.line.nullable == "always"

    @property
    def approximate(self) -> bool:
        """See the module."""
        return self.line.approximate or (self.line.passes and any(one.approximate for one in self.arguments))


@dataclass(frozen=True, slots=True)
class CaseWhen:
    """The value of the first branch whose condition is true; all values are of one type."""

    branches: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr | None
    type: SparkType

    @property
    def nullable(self) -> bool:
        """Whether it may be null: after a condition that is TRUE itself, nothing counts."""
        for place, (condition, _) in enumerate(self.branches):
            if isinstance(condition, Value) and condition.value is True and not condition.cast:
                return any(one.nullable for one in self.values[: place + 1])
        return self.otherwise is None or any(one.nullable for one in self.values)

    @property
    def values(self) -> tuple[Expr, ...]:
        """What may come of it."""
        last = () if self.otherwise is None else (self.otherwise,)
        return (*(value for _, value in self.branches), *last)

    @property
    def approximate(self) -> bool:
        """See the module."""
        return any(one.approximate for one in self.values)


@dataclass(frozen=True, slots=True)
class Coalesce:
    """The first value that is not null; all are of one type."""

    arguments: tuple[Expr, ...]
    type: SparkType

    @property
    def nullable(self) -> bool:
        """Whether it may be null."""
        return all(one.nullable for one in self.arguments)

    @property
    def approximate(self) -> bool:
        """See the module."""
        return any(one.approximate for one in self.arguments)


@dataclass(frozen=True, slots=True)
class In:
    """Whether a value is one of some constants."""

    value: Expr
    options: tuple[Expr, ...]
    type: SparkType = BOOLEAN
    approximate: bool = False

    @property
    def nullable(self) -> bool:
        """Whether it may be null."""
        return self.value.nullable or any(one.nullable for one in self.options)


@dataclass(frozen=True, slots=True)
class WindowFunction:
    """A window function.

    Attributes:
        line: of the table of window functions.
        arguments: of the function.
        partition: what parts the rows.
        order: what orders them, and how: `DESC NULLS LAST`.
        frame: which rows around each, in SQL; empty for Spark's choice, which is DuckDB's.
        unique: whether ties in the order would leave open what it is.
        rows: columns of the rows; where tied ones are equal in all of them, nothing is left open. Empty if
            ties are never looked at so closely.
    """

    line: Line
    arguments: tuple[Expr, ...]
    partition: tuple[Expr, ...]
    order: tuple[tuple[Expr, str], ...]
    frame: str
    unique: bool
    rows: tuple[Column, ...] = ()

    @property
    def type(self) -> SparkType:
        """What the line gives, whatever the partition and the frame are."""
        return self.line.gives

    @property
    def nullable(self) -> bool:
        """Whether it may be null."""
        return self.line.nullable == "always"

    @property
    def approximate(self) -> bool:
        """See the module."""
        return self.line.approximate or any(one.approximate for one in self.arguments)


@dataclass(frozen=True, slots=True)
class FieldAccess:
    """A field of a struct; null where the struct is."""

    struct: Expr
    name: str
    type: SparkType
    nullable: bool = True
    approximate: bool = False


Expr: TypeAlias = FieldAccess | Ref | Value | Call | CaseWhen | Coalesce | In | WindowFunction


def children(expression: Expr) -> tuple[Expr, ...]:
    """The expressions directly below one."""
    match expression:
        case Call(_, arguments) | Coalesce(arguments, _):
            return arguments
        case CaseWhen(branches, otherwise, _):
            last = () if otherwise is None else (otherwise,)
            return (*(part for branch in branches for part in branch), *last)
        case In(value, options):
            return (value, *options)
        case FieldAccess(struct):
            return (struct,)
        case WindowFunction():
            return (*expression.arguments, *expression.partition, *(key for key, _ in expression.order))
    return ()


def rebuilt(expression: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """One with what is directly below it changed; window functions, fields and leaves as they are."""
    match expression:
        case Call(line, arguments):
            return Call(line, tuple(map(change, arguments)))
        case CaseWhen(branches, otherwise, kind):
            pairs = tuple((change(condition), change(value)) for condition, value in branches)
            return CaseWhen(pairs, None if otherwise is None else change(otherwise), kind)
        case Coalesce(arguments, kind):
            return Coalesce(tuple(map(change, arguments)), kind)
        case In(value, options):
            return In(change(value), options)
    return expression


def is_aggregate(expression: Expr) -> bool:
    """Whether there is an aggregate function in it."""
    if isinstance(expression, Call) and expression.line.aggregate:
        return True
    return any(map(is_aggregate, children(expression)))


def is_constant(expression: Expr) -> bool:
    """Whether it is the same for every row, as it is written."""
    if isinstance(expression, (Ref, WindowFunction)):
        return False
    if isinstance(expression, Call) and expression.line.aggregate:
        return False
    return all(map(is_constant, children(expression)))


def may_be_constant(expression: Expr) -> bool:
    """Whether Spark may find that it is the same for every row, and so compute it even where there is none.

    It puts constants in the place of columns that are constant, drops branches that are never taken, and
    knows what null makes null, that `false AND x` is false, and that what cannot be null is not.
    """
    match expression:
        case Value():
            return True
        case Ref(column):
            return column.constant
        case WindowFunction():
            return False
        case CaseWhen(branches, otherwise, _):
            decided = any(may_be_constant(condition) for condition, _ in branches)
            values = [value for _, value in branches] + ([] if otherwise is None else [otherwise])
            same = otherwise is not None and all(value == otherwise for value in values)
            return (decided or same) and (otherwise is None or any(map(may_be_constant, values)))
        case Coalesce(arguments, _):
            return may_be_constant(arguments[0])
        case Call(line, arguments) if line.name in ("isnull", "isnotnull"):
            return may_be_constant(arguments[0]) or not arguments[0].nullable
        case Call(line, arguments) if line.name in ("and", "or"):
            return any(map(may_be_constant, arguments))
    below = [(one, may_be_constant(one)) for one in children(expression)]
    null = any(known and one.nullable for one, known in below)
    if isinstance(expression, Call) and expression.line.aggregate:
        return null and expression.line.name == "count"  # of nulls it is 0; all others are made of rows
    return null or all(known for _, known in below)


def equates(expression: Expr) -> bool:
    """Whether it says that two things are equal of which neither is constant.

    Spark then looks at conditions on the one for the other as well, and before all others: one that may
    raise an error is asked of rows of which nobody would think.
    """
    if isinstance(expression, Call) and expression.line.name in ("=", "<=>"):
        return not any(map(is_constant, expression.arguments))
    return any(map(equates, children(expression)))


def aggregates(expression: Expr) -> tuple[Call, ...]:
    """The aggregate functions in it."""
    if isinstance(expression, Call) and expression.line.aggregate:
        return (expression,)
    return tuple(call for one in children(expression) for call in aggregates(one))


def has_window(expression: Expr) -> bool:
    """Whether there is a window function in it."""
    return isinstance(expression, WindowFunction) or any(map(has_window, children(expression)))


def windows(expression: Expr) -> tuple[WindowFunction, ...]:
    """The window functions in it."""
    if isinstance(expression, WindowFunction):
        return (expression,)
    return tuple(window for one in children(expression) for window in windows(one))


def free_columns(expression: Expr) -> frozenset[Column]:
    """The columns that it reads outside of aggregate functions."""
    if isinstance(expression, Ref):
        return frozenset({expression.column})
    if isinstance(expression, Call) and expression.line.aggregate:
        return frozenset()
    return frozenset(column for one in children(expression) for column in free_columns(one))
