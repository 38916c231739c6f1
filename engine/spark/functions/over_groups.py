"""Functions of the author over what Spark's own aggregates give, as in `half(F.sum("x"))`.

Spark applies such functions to the rows of groups, once those are made. So a relation of groups becomes two:
the aggregates and keys that are used, and a select over them that holds the functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.frames import build
from engine.spark.functions.find import (
    GROUPINGS,
    PREFIX,
    aggregates,
    digest_of,
    inner,
    input_of,
    is_function,
    refused,
)
from engine.spark.functions.stand_ins import Naming, typed
from engine.spark.functions.used import name_parts
from engine.spark.plans.trees import CALLS, children, copy, relations, walk
from engine.spark.text.functions import classify

# Of groups, too, although they sum nothing up.
_OF_GROUPS: Final = frozenset({"grouping", "grouping_id"})


def with_functions_over_groups(plan: pb.Relation, names_of: Naming) -> pb.Relation:
    """The same plan, in which no function stands over an aggregate of Spark.

    Args:
        plan: in which all columns beside functions have their names.
        names_of: asks for the names of the columns of plans without functions.

    Raises:
        PlanRefused: a function stands over groups beside what is neither a key nor aggregated.
    """
    if not any(map(is_over_groups, relations(plan))):
        return plan
    made = copy(plan)
    for here in reversed(list(relations(made))):
        if is_over_groups(here):
            here.CopyFrom(_taken_apart(here, names_of))
    return made


def is_over_groups(relation: pb.Relation) -> bool:
    """Whether functions stand over the groups of a relation, or over all rows that it aggregates."""
    match relation.WhichOneof("rel_type"):
        case "aggregate" if relation.aggregate.group_type in GROUPINGS:
            return any(map(_outside, relation.aggregate.aggregate_expressions)) and not aggregates(relation)
        case "project":
            columns = relation.project.expressions
            over = any(map(_outside, columns)) and any(any(_calls(one)) for one in columns)
            return over and not aggregates(relation)
    return False


def _taken_apart(relation: pb.Relation, names_of: Naming) -> pb.Relation:
    """A select of functions and all else, over the aggregates and keys that they use."""
    groups = _Groups(relation, names_of)
    made = pb.Relation()
    made.common.CopyFrom(relation.common)
    for one in groups.columns:
        made.project.expressions.add().CopyFrom(groups.over(one))
    made.project.input.CopyFrom(groups.relation())
    return made


class _Groups:
    """Groups, and what is used of them."""

    def __init__(self, relation: pb.Relation, names_of: Naming) -> None:
        self._below = input_of(relation)
        self._type = pb.Aggregate.GROUP_TYPE_GROUPBY
        self._names_of = names_of
        self._keys: list[pb.Expression] = []
        self._aliases: dict[str, int] = {}
        self.columns: Sequence[pb.Expression] = relation.project.expressions
        if relation.HasField("aggregate"):
            grouped = relation.aggregate
            self._type = grouped.group_type
            self._keys = [inner(one) for one in grouped.grouping_expressions]
            self.columns = [*grouped.grouping_expressions, *grouped.aggregate_expressions]
            for place, one in enumerate(grouped.grouping_expressions):
                if one.HasField("alias"):
                    self._aliases.setdefault(one.alias.name[0].lower(), place)
        self._one_source = not any(one.HasField("join") for one in relations(self._below))
        self._qualifiers = {
            one.subquery_alias.alias.lower()
            for one in relations(self._below)
            if one.HasField("subquery_alias")
        }
        self._known = {self._compared(one): place for place, one in reversed([*enumerate(self._keys)])}
        self._calls: dict[bytes, tuple[str, pb.Expression]] = {}

    def relation(self) -> pb.Relation:
        """What gives the keys and the aggregates."""
        made = pb.Relation()
        made.aggregate.input.CopyFrom(self._below)
        made.aggregate.group_type = self._type
        for place, key in enumerate(self._keys):
            made.aggregate.grouping_expressions.append(build.named(key, f"{PREFIX}key_{place}"))
        for name, call in self._calls.values():
            made.aggregate.aggregate_expressions.append(build.named(call, name))
        return made

    def over(self, column: pb.Expression) -> pb.Expression:
        """The same column, of keys and aggregates.

        Raises:
            PlanRefused: it is of something else, too.
        """
        made = copy(column)
        work: list[Message] = [made]
        while work:
            here = work.pop()
            if not isinstance(here, pb.Expression):
                work += children(here)
                continue
            if (key := self._known.get(self._compared(here))) is not None:
                here.CopyFrom(build.column(f"{PREFIX}key_{key}"))
                continue
            if _is_call(here):
                name = f"{PREFIX}group_{len(self._calls)}"
                name, _ = self._calls.setdefault(
                    here.SerializeToString(deterministic=True), (name, copy(here))
                )
                here.CopyFrom(build.column(name))
                continue
            match here.WhichOneof("expr_type"):
                case "unresolved_attribute" if self._is_alias(here):
                    place = self._aliases[here.unresolved_attribute.unparsed_identifier.lower()]
                    here.CopyFrom(build.column(f"{PREFIX}key_{place}"))
                case "unresolved_attribute" | "unresolved_star" | "unresolved_regex":
                    raise refused(
                        "beside a column that is not a key",
                        "group by the column, or aggregate it, too; a function of pandas aggregates if its "
                        "hints say so: (s: pd.Series) -> float",
                    )
                case _:
                    work += _inside(here)
        return made

    def _is_alias(self, expression: pb.Expression) -> bool:
        """Whether it is the name that a key is given, and no column."""
        name = expression.unresolved_attribute.unparsed_identifier.lower()
        return name in self._aliases and name not in {
            one.lower() for one in self._names_of(typed(self._below))
        }

    def _compared(self, expression: pb.Expression) -> bytes:
        """An expression as it is compared: columns of one source by name, functions by what they do."""
        made = copy(expression)
        for here in walk(made):
            if isinstance(here, pb.Expression.UnresolvedAttribute) and self._one_source:
                here.ClearField("plan_id")
                parts = [
                    one.lower() if one.isascii() else one for one in name_parts(here.unparsed_identifier)
                ]
                qualified = len(parts) > 1 and parts[0] in self._qualifiers
                here.unparsed_identifier = "\0".join(parts[1:] if qualified else parts)
            elif isinstance(here, pb.CommonInlineUserDefinedFunction) and here.deterministic:
                here.python_udf.command = digest_of(here.python_udf) or here.python_udf.command
        return made.SerializeToString(deterministic=True)


def _outside(expression: pb.Expression) -> bool:
    """Whether a function stands in it, but for those whose values are aggregated."""
    return any(is_function(here) for here in _outer(expression))


def _calls(expression: pb.Expression) -> Iterator[pb.Expression]:
    """The outermost aggregates in it."""
    return (here for here in _outer(expression) if _is_call(here))


def _outer(expression: pb.Expression) -> Iterator[pb.Expression]:
    """The expressions in it that are not aggregated; of windows what they sum up is not."""
    work: list[Message] = [expression]
    while work:
        here = work.pop()
        if isinstance(here, pb.Expression):
            yield here
            work += [] if _is_call(here) else _inside(here)
        else:
            work += children(here)


def _inside(expression: pb.Expression) -> list[Message]:
    """What is in an expression; of a window what its function is given, as that sums up no group."""
    if not expression.HasField("window"):
        return children(expression)
    window = expression.window
    return [*children(window.window_function), *window.partition_spec, *window.order_spec]


def _is_call(expression: pb.Expression) -> bool:
    """Whether it is an aggregate of Spark."""
    call = getattr(expression, str(expression.WhichOneof("expr_type")), None)
    if not isinstance(call, CALLS):
        return False
    return classify(call.function_name).kind == "aggregate" or call.function_name.lower() in _OF_GROUPS
