"""The names that Spark gives to columns made with functions of the author, where the author gives none.

They are asked of Spark itself: `u(x) + 1` is called `(u(x) + 1)`, as is a column that is called `u(x)`, plus
1. So a null column of that name is put beside the input, and Spark is asked for the type of the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import pyspark.sql.connect.proto as pb

from engine.functions.find import (
    FUNCTION,
    aggregates,
    by_keyword,
    has_functions,
    input_of,
    is_function,
    named,
    refused,
)
from engine.functions.stand_ins import null_of, typed
from engine.plans.trees import copy, relations, walk

# Types as Spark writes them, by the words for them and by their names in a plan.
_SAME: Final = (
    *("boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "string"),
    *("binary", "date", "timestamp", "timestamp_ntz"),
)
_WRITTEN: Final = {
    **{name: name for name in _SAME},
    "byte": "tinyint",
    "short": "smallint",
    "integer": "int",
    "long": "bigint",
}
_DECIMAL: Final = re.compile(r"decimal\((\d{1,2}), ?(\d{1,2})\)")
# Tells the names of a plan's columns.
Naming: TypeAlias = Callable[[pb.Relation], Sequence[str]]


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
        told = names_of(asked)
        if len(told) != sum(one.WhichOneof("expr_type") != "unresolved_star" for one in columns):
            raise _unsure()  # one of them makes several columns
        found = iter(told)
        for each in lists:
            for one in each:
                if one.WhichOneof("expr_type") == "unresolved_star":
                    continue
                name = next(found)
                if one.WhichOneof("expr_type") != "alias":
                    inner = copy(one)
                    one.alias.name.append(name)
                    one.alias.expr.CopyFrom(inner)
    return made


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
                raise _unsure()
            kind = copy(call.python_udf.output_type)
            if self._types.setdefault(name, kind) != kind:
                raise _unsure()
            here.ClearField(FUNCTION)
            here.unresolved_attribute.unparsed_identifier = f"`{name}`"

    def relation(self) -> pb.Relation:
        """The input with the columns."""
        if not self._types:
            return self._below
        known = {name.lower() for name in self._names_of(self._below)}
        if known & {name.lower() for name in self._types}:
            raise _unsure()
        made = pb.Relation()
        made.with_columns.input.CopyFrom(self._below)
        for name, kind in self._types.items():
            made.with_columns.aliases.add(name=[name]).expr.CopyFrom(null_of(kind))
        return made

    def _written(self, arguments: list[pb.Expression]) -> Sequence[str]:
        """How arguments are written in a call."""
        keys, values = by_keyword(arguments)
        told = zip(keys, self._values(values), strict=True)
        return [f"{key} => {value}" if key else value for key, value in told]

    def _values(self, arguments: list[pb.Expression]) -> Sequence[str]:
        for one in arguments:
            field = "." in one.unresolved_attribute.unparsed_identifier
            if field or one.WhichOneof("expr_type") in ("alias", "unresolved_extract_value"):
                raise _unsure()  # alone it is called otherwise than in a call
        if not arguments:
            return ()
        asked = pb.Relation()
        asked.project.input.CopyFrom(self.relation())
        asked.project.expressions.extend(arguments)
        told = zip(arguments, self._names_of(asked), strict=True)
        return [self._of_cast(one) if one.WhichOneof("expr_type") == "cast" else name for one, name in told]

    def _of_cast(self, expression: pb.Expression) -> str:
        """How a cast is written in a call; alone, that of a column is called like the column."""
        cast = expression.cast
        text = cast.type_str.strip().lower() or str(cast.type.WhichOneof("kind"))
        decimal = _DECIMAL.fullmatch(text)
        written = f"decimal({decimal[1]},{decimal[2]})" if decimal else _WRITTEN.get(text)
        if written is None or cast.eval_mode != pb.Expression.Cast.EVAL_MODE_UNSPECIFIED:
            raise _unsure()
        [inner] = self._values([cast.expr])
        return f"cast({inner} as {written})"


def _unsure() -> Exception:
    return refused("in a column without a name", "name the column with .alias(...)")
