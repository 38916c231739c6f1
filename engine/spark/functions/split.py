"""A relation with functions of the author, taken apart: what lies below them, they, and what lies above."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.frames import build
from engine.spark.functions.find import (
    PREFIX,
    STAR,
    by_keyword,
    has_functions,
    input_of,
    is_deterministic,
    is_function,
    is_over_rows,
    named,
    refused,
    roots,
    token_of,
)
from engine.spark.functions.stand_ins import Naming
from engine.spark.functions.used import Used, is_used
from engine.spark.plans.expressions import AGGREGATE_KINDS, ITERATOR_KINDS
from engine.spark.plans.relation_traits import ColumnTrait, traits_of
from engine.spark.plans.trees import CALLS, children, copy, counts_rows, walk
from sandbox.contract.messages import Applied

if TYPE_CHECKING:
    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

_MOST_KEYS: Final = 100


@dataclass(frozen=True, slots=True)
class Above:
    """A relation over what its functions gave.

    Attributes:
        template: the relation without its input, over the columns of the local data.
        input_names: what the first of these were called, where the relation gives all of its input on.
        ids: plan ids by which those are known above.
    """

    template: pb.Relation
    input_names: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()

    def over(self, local: pb.Relation, names: Sequence[str]) -> pb.Relation:
        """The relation over local data that holds columns by some names."""
        made, base = copy(self.template), copy(local)
        others = names[len(self.input_names) :]
        if self.input_names:
            named_base = pb.Relation()
            named_base.to_df.input.CopyFrom(base)
            named_base.to_df.column_names.extend((*self.input_names, *others))
            base = named_base
        for number in self.ids:
            wrapped = pb.Relation()
            wrapped.project.input.CopyFrom(base)
            wrapped.project.expressions.add().unresolved_star.SetInParent()
            wrapped.common.plan_id = number
            base = wrapped
        input_of(made).CopyFrom(base)
        if not self.input_names:
            return made
        result = pb.Relation()
        if made.common.HasField("plan_id"):
            result.common.plan_id = made.common.plan_id
            made.common.ClearField("plan_id")
        result.drop.input.CopyFrom(made)
        result.drop.column_names.extend(others)
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A relation that was taken apart.

    Attributes:
        below: gives the rows that the functions see: the input's columns that are used above, then `pieces`.
        kept: places of the columns of `below` that the relation needs above.
        kind: PySpark's number of how the functions are applied.
        functions: they, with places among `arguments`.
        arguments: places of their arguments among the columns of `below`.
        types: of the results of the functions.
        names: of the columns of the local data: those kept, then the results.
        rest: the relation over these.
        keys: places of the keys among the columns of `below`, if the functions aggregate; else None.
        deterministic: whether they give the same each time.
    """

    below: pb.Relation
    kept: tuple[int, ...]
    kind: int
    functions: tuple[Applied, ...]
    arguments: tuple[int, ...]
    types: tuple[pb.DataType, ...]
    names: tuple[str, ...]
    rest: Above
    keys: tuple[int, ...] | None = None
    deterministic: bool = True

    def with_kept(self, places: Sequence[int], names: Sequence[str]) -> Split:
        """The same, with further columns of `below` between those that are kept and the results.

        Only for applying the functions: nothing is known of such columns above.
        """
        count = len(self.kept)
        named = (*self.names[:count], *names, *self.names[count:])
        return replace(self, kept=(*self.kept, *places), names=named)

    def above(self, local: pb.Relation) -> pb.Relation:
        """The relation over local data that holds the columns by these names."""
        return self.rest.over(local, self.names)


def split(relation: pb.Relation, names_of: Naming, step: int, used: Used = None) -> Split:
    """Take a relation apart at its innermost functions.

    Args:
        relation: one that `lowest` gave.
        names_of: asks for the names of a plan's columns.
        step: a number that differs between the steps of one plan.
        used: which of its columns are used above it.

    Raises:
        PlanRefused: it cannot be taken apart.
    """
    template, below = copy(relation), input_of(relation)
    prefix = f"{PREFIX}{step}_"
    pieces = _Pieces(below, names_of, prefix, used, whole=not named(relation))
    calls, results = list[pb.Expression](), list[str]()
    found = [one for root in roots(template) for one in _innermost(root)]
    kind = next((one for one in map(_kind, found) if one not in AGGREGATE_KINDS), None)
    if kind is None:
        return _split_aggregate(template, pieces, found, prefix)
    functions, types = [], list[pb.DataType]()
    for call in found:
        if _kind(call) != kind:
            continue
        same = (place for place, one in enumerate(calls) if one == call)
        known = next(same, None) if is_deterministic(call) else None
        if known is None and calls and kind in ITERATOR_KINDS:
            continue
        if known is None:
            known = len(calls)
            tokens, arguments = _chain(call)
            functions.append(pieces.applied(tokens, arguments))
            types.append(copy(call.common_inline_user_defined_function.python_udf.output_type))
            calls.append(copy(call))
            results.append(f"{prefix}result_{known}")
        call.CopyFrom(_own(results[known]))
    if not pieces.arguments:  # a function without arguments is applied as often as there are rows
        pieces.argument(pb.Expression(literal=pb.Expression.Literal(boolean=True)))
    # Functions of another kind, and those around these, are taken apart in a next step.
    for each in named(template):
        pieces.expand_stars(each)
    for root in roots(template):
        pieces.replace_columns(root, set(results))
    input_of(template).Clear()
    return Split(
        below=pieces.relation(),
        kept=pieces.kept,
        kind=kind,
        functions=tuple(functions),
        arguments=pieces.arguments,
        types=tuple(types),
        names=(*pieces.names, *results),
        rest=Above(template, pieces.input_names, _ids(below) if pieces.input_names else ()),
        deterministic=all(map(is_deterministic, calls)),
    )


def _split_aggregate(
    template: pb.Relation, pieces: _Pieces, calls: list[pb.Expression], prefix: str
) -> Split:
    """Take groups apart at the functions that aggregate them; above is a select over keys and results.

    Args:
        template: a copy of the relation, which is changed.
        pieces: of its input.
        calls: the functions in it.
        prefix: of names of columns.
    """
    kind = _kind(calls[0])
    if any(_kind(one) != kind for one in calls) or (kind in ITERATOR_KINDS and len(calls) > 1):
        raise refused(
            "beside an aggregate of another kind", "aggregate in two steps, and join them by their keys"
        )
    keys = [one.alias.expr if one.WhichOneof("expr_type") == "alias" else one for one in _keys(template)]
    if len(keys) > _MOST_KEYS:
        raise refused(f"that aggregates, in groups by more than {_MOST_KEYS} keys", "group by fewer columns")
    columns = [copy(one) for one in keys]
    names = [pieces.key(one) for one in columns]
    functions, types, results = [], list[pb.DataType](), list[str]()
    for call in calls:
        tokens, arguments = _chain(call)
        if len(tokens) > 1:
            raise refused(
                "of an aggregate", "compute that first, and apply the function in an agg of its own"
            )
        functions.append(pieces.applied(tokens, arguments))
        types.append(copy(call.common_inline_user_defined_function.python_udf.output_type))
        results.append(f"{prefix}result_{len(results)}")
        call.CopyFrom(_own(results[-1]))
    if not pieces.arguments:
        pieces.argument(pb.Expression(literal=pb.Expression.Literal(boolean=True)))
    made = pb.Relation()
    made.common.CopyFrom(template.common)
    made.project.SetInParent()
    for root in roots(template):
        _name_keys(root, columns, names)
        _check_above(root, {*names, *results})
        made.project.expressions.add().CopyFrom(root)
    return Split(
        below=pieces.relation(),
        kept=pieces.kept,
        kind=kind,
        functions=tuple(functions),
        arguments=pieces.arguments,
        types=tuple(types),
        names=(*pieces.names, *results),
        rest=Above(made),
        keys=tuple(pieces.kept[pieces.names.index(name)] for name in names),
    )


def _keys(relation: pb.Relation) -> list[pb.Expression]:
    aggregate = relation.WhichOneof("rel_type") == "aggregate"
    return list(relation.aggregate.grouping_expressions) if aggregate else []


def _name_keys(expression: pb.Expression, keys: list[pb.Expression], names: list[str]) -> None:
    """Have an expression name the columns of keys where it repeats them."""
    work: list[Message] = [expression]
    while work:
        here = work.pop()
        if isinstance(here, pb.Expression) and here in keys:
            name = names[keys.index(here)]
            here.CopyFrom(_own(name))
        else:
            work += children(here)


def _check_above(expression: pb.Expression, known: set[str]) -> None:
    """See that an expression over groups is made of keys and results alone."""
    for here in walk(expression):
        if not isinstance(here, pb.Expression):
            continue
        match here.WhichOneof("expr_type"):
            case "unresolved_attribute" if here.unresolved_attribute.unparsed_identifier not in known:
                raise refused(
                    "beside a column that is not a key",
                    "group by the column, written as it is used beside it",
                )
            case "unresolved_star" | "window" | "expression_string":
                raise refused(
                    "beside a star, a window or text", "name the columns, and use windows and text afterwards"
                )


def _kind(expression: pb.Expression) -> int:
    return expression.common_inline_user_defined_function.python_udf.eval_type


def _innermost(expression: pb.Expression) -> list[pb.Expression]:
    """The functions in an expression in whose arguments there are no others, but for those of a chain."""
    found = []
    work: list[Message] = [expression]
    while work:
        here = work.pop()
        if isinstance(here, pb.Expression) and is_function(here):
            inner = here
            while (only := _only_argument(inner)) is not None:
                inner = only
            call = inner.common_inline_user_defined_function
            if not any(map(has_functions, call.arguments)):
                found.append(here)
                continue
        work += children(here)
    return found


def _only_argument(expression: pb.Expression) -> pb.Expression | None:
    """The function that is the one argument of another of its kind: Spark applies them in one go."""
    call = expression.common_inline_user_defined_function
    if len(call.arguments) != 1 or not is_function(call.arguments[0]):
        return None
    inner = call.arguments[0].common_inline_user_defined_function
    return call.arguments[0] if inner.python_udf.eval_type == call.python_udf.eval_type else None


def _chain(expression: pb.Expression) -> tuple[tuple[int, ...], list[pb.Expression]]:
    """The tokens of a chain, the innermost first, and the arguments of that one."""
    tokens, here = list[int](), expression
    while True:
        call = here.common_inline_user_defined_function
        tokens.insert(0, token_of(call.python_udf))
        inner = _only_argument(here)
        if inner is None:
            return tuple(tokens), list(call.arguments)
        here = inner


class _Pieces:
    """What a relation needs of its input: columns, and arguments of functions."""

    def __init__(self, below: pb.Relation, names_of: Naming, prefix: str, used: Used, *, whole: bool) -> None:
        self._below = below
        self._prefix = prefix
        self._names_of = names_of
        self._used = used
        names = tuple(names_of(below)) if whole else ()
        if whole and not names:
            raise refused("over a DataFrame without columns", "select a column before")
        self._by_name = used is not None and _are_told_apart(names)
        self.input_names = tuple(one for one in names if not self._by_name or is_used(one, used))
        self._expressions: list[pb.Expression] = []
        self._kept: dict[bytes, str] = {}
        self._places: list[int] = []
        self._arguments: list[int] = []
        self._known: dict[bytes, int] = {}
        self._count = len(self.input_names)
        self._names = [f"{prefix}{place}" for place in range(self._count)]
        self._places += range(self._count)

    @property
    def kept(self) -> tuple[int, ...]:
        return tuple(self._places)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._names)

    @property
    def arguments(self) -> tuple[int, ...]:
        return tuple(self._arguments)

    def relation(self) -> pb.Relation:
        """What gives the pieces."""
        rows = pb.Relation()
        rows.project.input.CopyFrom(self._below)
        if self._by_name:
            rows.project.expressions.extend(map(build.column, self.input_names))
        elif self.input_names:
            rows.project.expressions.add().unresolved_star.SetInParent()
        for place, one in enumerate(self._expressions):
            part = rows.project.expressions.add()
            if one.WhichOneof("expr_type") in ("unresolved_star", "alias"):
                part.CopyFrom(one)
                continue
            # Two columns of one name could not be told apart by who carries others beside them.
            part.alias.name.append(f"{self._prefix}piece_{place}")
            part.alias.expr.CopyFrom(one)
        made = pb.Relation()
        made.to_df.input.CopyFrom(rows)
        made.to_df.column_names.extend(f"{self._prefix}{place}" for place in range(self._count))
        return made

    def applied(self, tokens: tuple[int, ...], arguments: Sequence[pb.Expression]) -> Applied:
        """Functions, one over the other, with the places of the innermost one's arguments."""
        keys, values = by_keyword(arguments)
        return Applied(tokens, tuple(map(self.argument, values)), tuple(keys) if any(keys) else ())

    def argument(self, expression: pb.Expression) -> int:
        """The place of an argument among the arguments."""
        if expression.WhichOneof("expr_type") == "unresolved_star":
            raise refused("of all columns (*)", "name the columns")
        if any(map(is_over_rows, _beside_windows(expression))):
            raise refused(
                "of an aggregate or explode, beside columns of rows",
                "compute that first, and apply the function in a select of its own",
            )
        place = self._piece(expression)
        if place not in self._arguments:
            self._arguments.append(place)
        return self._arguments.index(place)

    def key(self, expression: pb.Expression) -> str:
        """The name of the column of a key."""
        if any(map(is_over_rows, walk(expression))):
            raise refused("in groups by an aggregate or a window", "make a column of it before")
        return self._column(expression)

    def expand_stars(self, expressions: RepeatedCompositeFieldContainer[pb.Expression]) -> None:
        """Write columns in place of stars."""
        made = list[pb.Expression]()
        for one in expressions:
            if one.WhichOneof("expr_type") != "unresolved_star":
                made.append(copy(one))
                continue
            alone = pb.Relation()
            alone.project.input.CopyFrom(self._below)
            alone.project.expressions.add().CopyFrom(one)
            names = self._names_of(alone)
            if one == STAR and self._used is not None and _are_told_apart(names):
                for name in names:
                    if is_used(name, self._used):
                        made.append(build.named(_own(self._column(build.column(name))), name))
                continue
            for name in names:
                made.append(build.named(_own(self._keep(self._count)), name))
                self._count += 1
            self._expressions.append(copy(one))
        del expressions[:]
        for one in made:
            expressions.add().CopyFrom(one)

    def replace_columns(self, root: pb.Expression, results: set[str]) -> None:
        """Have an expression name columns of the local data."""
        own = results | set(self._names)
        work: list[Message] = [root]
        while work:
            here = work.pop()
            if isinstance(here, CALLS) and counts_rows(here) and here.arguments[0] == STAR:
                continue
            if not isinstance(here, pb.Expression):
                work += children(here)
                continue
            kind = here.WhichOneof("expr_type")
            if kind == "unresolved_star":
                raise refused("beside a star inside of another function", "name the columns")
            if kind == "expression_string":
                name = self._column(here)
                here.CopyFrom(_own(name))
                own.add(name)
                continue
            if kind == "unresolved_attribute":
                if here.unresolved_attribute.unparsed_identifier not in own:
                    name = self._column(here)
                    here.CopyFrom(_own(name))
                    own.add(name)
                continue
            work += children(here)

    def _column(self, expression: pb.Expression) -> str:
        key = expression.SerializeToString(deterministic=True)
        if key not in self._kept:
            self._kept[key] = self._keep(self._piece(expression))
        return self._kept[key]

    def _keep(self, place: int) -> str:
        name = f"{self._prefix}{place}"
        if place not in self._places:
            self._places.append(place)
            self._names.append(name)
        return name

    def _piece(self, expression: pb.Expression) -> int:
        key = expression.SerializeToString(deterministic=True)
        if key not in self._known:
            self._known[key] = self._count
            self._expressions.append(copy(expression))
            self._count += 1
        return self._known[key]


def _beside_windows(expression: pb.Expression) -> Iterator[Message]:
    """What is in an expression, but for windows, which are columns of rows like others."""
    work: list[Message] = [expression]
    while work:
        here = work.pop()
        if not isinstance(here, pb.Expression) or not here.HasField("window"):
            yield here
            work += children(here)


def _own(name: str) -> pb.Expression:
    """One of our columns."""
    made = pb.Expression()
    made.unresolved_attribute.unparsed_identifier = name
    return made


def _are_told_apart(names: Sequence[str]) -> bool:
    """Whether each of the names, of which there are some, means one column."""
    return bool(names) and all(map(str.isascii, names)) and len({one.lower() for one in names}) == len(names)


def _ids(below: pb.Relation) -> tuple[int, ...]:
    """The plan ids by which the input's columns are known above: its own, and those of what it passes on."""
    found, here = list[int](), below
    while True:
        if here.common.HasField("plan_id"):
            found.append(here.common.plan_id)
        traits = traits_of(here)
        if traits.columns is not ColumnTrait.SAME or not traits.passes_aliases:
            return tuple(reversed(found))
        here = input_of(here)
