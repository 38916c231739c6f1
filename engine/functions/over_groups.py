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
from engine.functions.find import (
    GROUPINGS,
    PREFIX,
    aggregates,
    digest_of,
    inner,
    input_of,
    is_function,
    refused,
)
from engine.functions.stand_ins import Naming, typed
from engine.plans.trees import CALLS, children, copy, relations, walk
from engine.sql.functions import classify

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
        self._type = GROUPINGS[0]
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
        self._known = [self._compared(one) for one in self._keys]
        self._calls: list[pb.Expression] = []

    def relation(self) -> pb.Relation:
        """What gives the keys and the aggregates."""
        made = pb.Relation()
        made.aggregate.input.CopyFrom(self._below)
        made.aggregate.group_type = self._type
        for place, key in enumerate(self._keys):
            made.aggregate.grouping_expressions.append(build.named(key, f"{PREFIX}key_{place}"))
        for place, call in enumerate(self._calls):
            made.aggregate.aggregate_expressions.append(build.named(call, f"{PREFIX}group_{place}"))
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
            compared = self._compared(here)
            if compared in self._known:
                here.CopyFrom(build.column(f"{PREFIX}key_{self._known.index(compared)}"))
                continue
            if _is_call(here):
                if here not in self._calls:
                    self._calls.append(copy(here))
                here.CopyFrom(build.column(f"{PREFIX}group_{self._calls.index(here)}"))
                continue
            match here.WhichOneof("expr_type"):
                case "unresolved_attribute" if self._is_alias(here):
                    place = self._aliases[here.unresolved_attribute.unparsed_identifier.lower()]
                    here.CopyFrom(build.column(f"{PREFIX}key_{place}"))
                case "unresolved_attribute" | "unresolved_star" | "unresolved_regex":
                    raise refused(
                        "beside a column that is no key",
                        "group by the column, or aggregate it, too; a function of pandas aggregates if its "
                        "hints say so: (s: pd.Series) -> float",
                    )
                case "window":
                    work += children(here.window.window_function)
                    work += [*here.window.partition_spec, *here.window.order_spec]
                case _:
                    work += children(here)
        return made

    def _is_alias(self, expression: pb.Expression) -> bool:
        """Whether it is the name that a key is given, and no column."""
        name = expression.unresolved_attribute.unparsed_identifier.lower()
        return name in self._aliases and name not in {
            one.lower() for one in self._names_of(typed(self._below))
        }

    def _compared(self, expression: pb.Expression) -> pb.Expression:
        """An expression as it is compared: columns of one source by name, functions by what they do."""
        made = copy(expression)
        for here in walk(made):
            if isinstance(here, pb.Expression.UnresolvedAttribute) and self._one_source:
                here.ClearField("plan_id")
                first, dot, rest = here.unparsed_identifier.partition(".")
                name = rest if dot and first.lower() in self._qualifiers else here.unparsed_identifier
                here.unparsed_identifier = name.lower() if name.isascii() else name
            elif isinstance(here, pb.CommonInlineUserDefinedFunction) and here.deterministic:
                here.python_udf.command = digest_of(here.python_udf) or here.python_udf.command
        return made


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
            if _is_call(here):
                continue
            if here.HasField("window"):
                work += children(here.window.window_function)
                work += [*here.window.partition_spec, *here.window.order_spec]
                continue
        work += children(here)


def _is_call(expression: pb.Expression) -> bool:
    """Whether it is an aggregate of Spark."""
    call = getattr(expression, str(expression.WhichOneof("expr_type")), None)
    if not isinstance(call, CALLS):
        return False
    return classify(call.function_name).kind == "aggregate" or call.function_name.lower() in _OF_GROUPS
