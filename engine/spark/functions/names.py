"""The names that Spark gives to columns made with functions of the author, where the author gives none.

They are asked of Spark itself: `u(x) + 1` is called `(u(x) + 1)`, as is a column that is called `u(x)`, plus
1. So a null column of that name is put beside the input, and Spark is asked for the type of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.frames import build
from engine.spark.functions.find import (
    FUNCTION,
    aggregates,
    by_keyword,
    has_functions,
    has_own,
    input_of,
    is_function,
    is_over_rows,
    named,
    own,
)
from engine.spark.functions.over_groups import is_over_groups
from engine.spark.functions.stand_ins import Naming, null_of, typed
from engine.spark.functions.used import name_parts
from engine.spark.functions.written import (
    ONE_ARGUMENT,
    WRITTEN_IN_CALLS,
    is_written_alike,
    of_cast,
    unsure,
    written_type,
)
from engine.spark.plans.trees import CALLS, copy, relations, walk

# Expressions whose columns, as fields of a struct, are called by their places.
_NAMELESS: Final = ("unresolved_function", "call_function", "cast", "literal", "window")


def unnamed(relation: pb.Relation, names_of: Naming) -> pb.Relation:
    """The same plan, in which all columns that are made beside functions have their names written down.

    Args:
        relation: the plan.
        names_of: asks for names of columns of plans without functions.

    Raises:
        PlanRefused: a name is not known for sure.
    """
    made = copy(relation)
    for here in reversed(list(relations(made))):
        lists = named(here)
        columns = [one for each in lists for one in each]
        if not any(map(has_functions, columns)) or not any(map(_wants_name, columns)):
            continue
        below = typed(input_of(here))
        over_groups = is_over_groups(here)
        asked, stands = _selected(here), _Columns(below, names_of)
        for each in named(asked):
            for place in reversed(range(len(each))):
                if each[place].WhichOneof("expr_type") == "unresolved_star":
                    del each[place]  # it would show the columns beside the input, too
                elif _wants_name(each[place]):
                    stands.replace(each[place])
                else:
                    each[place].CopyFrom(typed(each[place]))
        input_of(asked).CopyFrom(stands.relation())
        told = _told(asked, stands.columns() if over_groups else [], names_of)
        if len(told) != sum(one.WhichOneof("expr_type") != "unresolved_star" for one in columns):
            raise unsure()  # one of them makes several columns
        found = iter(told)
        for each in lists:
            for one in each:
                if one.WhichOneof("expr_type") == "unresolved_star":
                    continue
                name = next(found)
                if one.WhichOneof("expr_type") == "cast" and is_function(one.cast.expr):
                    name = of_cast(one.cast, name)
                if one.WhichOneof("expr_type") != "alias":
                    one.CopyFrom(build.named(copy(one), name))
    for here in relations(made):
        if has_own(here):
            _name_fields(here)
    return made


def _name_fields(relation: pb.Relation) -> None:
    """Write down the names that fields of structs have by the columns that they are made of."""
    for here in own(relation):
        if not isinstance(here, CALLS) or here.function_name.lower() != "struct":
            continue
        for place, one in enumerate(here.arguments, 1):
            kind = one.WhichOneof("expr_type")
            if kind == "unresolved_attribute":
                parts = name_parts(one.unresolved_attribute.unparsed_identifier)
                one.CopyFrom(build.named(copy(one), parts[-1]))
            elif kind in (FUNCTION, *_NAMELESS):  # a field of a column that has no name of its own
                one.CopyFrom(build.named(copy(one), f"col{place}"))
            elif kind == "unresolved_extract_value" and is_over_groups(relation):  # it may be a key
                raise unsure()


def _is_name(expression: pb.Expression) -> bool:
    """Whether it is a column, and no field of one."""
    return expression.HasField("unresolved_attribute") and is_written_alike(expression)


def _told(asked: pb.Relation, beside: Sequence[pb.Expression], names_of: Naming) -> list[str]:
    """The names of a relation's columns, where columns beside its input are taken for keys of its groups."""
    if not beside:
        return list(names_of(asked))
    if asked.HasField("project"):
        made = pb.Relation()
        made.aggregate.group_type = pb.Aggregate.GROUP_TYPE_GROUPBY
        made.aggregate.input.CopyFrom(asked.project.input)
        made.aggregate.aggregate_expressions.extend(asked.project.expressions)
        asked = made
    keys = len(asked.aggregate.grouping_expressions)
    asked.aggregate.grouping_expressions.extend(beside)
    told = list(names_of(asked))
    return told[:keys] + told[keys + len(beside) :]


def _selected(relation: pb.Relation) -> pb.Relation:
    """A relation whose columns are called the same: groups that functions aggregate as a select.

    A null column in place of such a function would be one that is neither a key nor aggregated.
    """
    if relation.WhichOneof("rel_type") != "aggregate" or not aggregates(relation):
        return copy(relation)
    made = pb.Relation()
    made.project.input.CopyFrom(input_of(relation))
    for each in named(relation):
        for one in each:
            made.project.expressions.add().CopyFrom(one)
    return made


def _wants_name(expression: pb.Expression) -> bool:
    """Whether a column is called by what it is made of, which is written anew."""
    return expression.WhichOneof("expr_type") not in ("alias", "unresolved_star")


class _Columns:
    """The input with null columns beside it that are called as functions are written."""

    def __init__(self, below: pb.Relation, names_of: Naming) -> None:
        self._below = below
        self._names_of = names_of
        self._types: dict[str, pb.DataType] = {}

    def replace(self, expression: pb.Expression) -> None:
        """Put such columns in place of functions, from within."""
        for here in reversed([one for one in walk(expression) if is_function(one)]):
            assert isinstance(here, pb.Expression)
            call = here.common_inline_user_defined_function
            name = f"{call.function_name}({', '.join(self._written(list(call.arguments)))})"
            if "`" in name:
                raise unsure()
            kind = copy(call.python_udf.output_type)
            if self._types.setdefault(name, kind) != kind:
                raise unsure()
            here.ClearField(FUNCTION)
            here.unresolved_attribute.unparsed_identifier = f"`{name}`"

    def relation(self) -> pb.Relation:
        """The input with the columns."""
        if not self._types:
            return self._below
        known = {name.lower() for name in self._names_of(self._below)}
        if known & {name.lower() for name in self._types}:
            raise unsure()
        made = pb.Relation()
        made.with_columns.input.CopyFrom(self._below)
        for name, kind in self._types.items():
            made.with_columns.aliases.add(name=[name]).expr.CopyFrom(null_of(kind))
        return made

    def columns(self) -> list[pb.Expression]:
        """The columns that stand beside the input."""
        return [build.column(name) for name in self._types]

    def _written(self, arguments: list[pb.Expression]) -> Sequence[str]:
        """How arguments are written in a call."""
        keys, values = by_keyword(arguments)
        told = zip(keys, self._values(values), strict=True)
        return [f"{key} => {value}" if key else value for key, value in told]

    def _values(self, arguments: list[pb.Expression]) -> Sequence[str]:
        own = {place: self._of_call(one) for place, one in enumerate(arguments)}
        rest = [one for place, one in enumerate(arguments) if own[place] is None]
        if not all(map(is_written_alike, rest)):
            raise unsure()
        told = iter(self._asked(rest))
        return [name if name is not None else next(told) for name in own.values()]

    def _asked(self, columns: list[pb.Expression]) -> list[str]:
        """The names of columns, which need not be of the same rows."""
        found, over_rows = list[str](), any(is_over_rows(one) for each in columns for one in walk(each))
        for some in [[one] for one in columns] if over_rows else [columns] if columns else []:
            asked = pb.Relation()
            asked.project.input.CopyFrom(self.relation())
            asked.project.expressions.extend(some)
            found += self._names_of(asked)
        return found

    def _of_call(self, expression: pb.Expression) -> str | None:
        """How what Spark writes otherwise in a call than in a column's name is written there; None: alike."""
        if expression.WhichOneof("expr_type") == "cast":
            return self._of_cast(expression.cast)
        call = expression.unresolved_function
        name, many = call.function_name.lower(), len(call.arguments) > 1
        written = WRITTEN_IN_CALLS.get(name)
        if call.is_distinct and name in ("count", "sum"):
            written = f"{name}(distinct {{3}})"
        elif name == "struct" and all(map(_is_name, call.arguments)):
            values = self._values(list(call.arguments))
            return f"struct({', '.join(f'{one}, {one}' for one in values)})"
        if written is None or (name in ONE_ARGUMENT and many):
            return None
        values = self._values(list(call.arguments))
        return written.format(values[0], ", ".join(values[1:]), ",".join(values[1:]), ", ".join(values))

    def _of_cast(self, cast: pb.Expression.Cast) -> str:
        """How a cast is written in a call; alone, that of a column is called like the column."""
        written = written_type(cast)
        if cast.eval_mode != pb.Expression.Cast.EVAL_MODE_UNSPECIFIED:
            raise unsure()
        [inner] = self._values([cast.expr])
        return f"cast({inner} as {written})"
