"""Where in a plan functions of the author stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.errors import PlanRefused
from engine.spark.plans.expressions import AGGREGATE_KINDS, SHARED_KINDS
from engine.spark.plans.function_maps import MAP_KINDS
from engine.spark.plans.names import RESERVED_PREFIX
from engine.spark.plans.trees import CALLS, children, relations, walk
from engine.spark.text.check import inspect_expression
from engine.spark.text.functions import classify
from sandbox.contract.settings import FUNCTION_TOKEN

if TYPE_CHECKING:
    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

# How columns of results are called.
PREFIX: Final = f"{RESERVED_PREFIX}function_"
_MOST_FACTS: Final = 1 << 20
# What gives other values where rows lie in other partitions, with a seed or without.
_BY_PARTITION: Final = frozenset(
    {"rand", "randn", "random", "randstr", "uniform", "uuid", "shuffle", "monotonically_increasing_id"}
    | {"distributed_sequence_id", "tablesample"}
)
_ROW_WISE: Final = ("scalar", "operator")
_TOKEN: Final = FUNCTION_TOKEN.removesuffix(b"%d")
_DIGEST_CHARS: Final = 32
_NAME_CHARS: Final = 40
# Why a function has no digest.
_APART: Final = {
    "captures": "uses what may change, such as a list, a dict or an object",
    "writes": "changes what it uses",
    "random": "may draw random numbers",
}
FUNCTION: Final = "common_inline_user_defined_function"
STAR: Final = pb.Expression(unresolved_star=pb.Expression.UnresolvedStar())
# How rows may be grouped where functions stand: by keys, or by some of them, too.
GROUPINGS: Final = (
    pb.Aggregate.GROUP_TYPE_GROUPBY,
    pb.Aggregate.GROUP_TYPE_ROLLUP,
    pb.Aggregate.GROUP_TYPE_CUBE,
)
# Relations whose expressions may hold functions. Not a trait: it is what this package can take apart.
OPEN_RELATIONS: Final = ("project", "with_columns", "filter", "sort", "aggregate")


def is_function(message: Message) -> bool:
    """Whether it is an expression that is a function of the author, applied."""
    return isinstance(message, pb.Expression) and message.WhichOneof("expr_type") == FUNCTION


def has_functions(message: Message) -> bool:
    """Whether a function stands anywhere in it."""
    return any(isinstance(here, pb.CommonInlineUserDefinedFunction) for here in walk(message))


def token_of(function: pb.PythonUDF) -> int:
    """What its worker called a function."""
    return int(function.command.removeprefix(_TOKEN).partition(b"-")[0])


def digest_of(function: pb.PythonUDF) -> bytes:
    """What is the same for two functions that are the same; empty if nobody is sure."""
    told = _told_of(function)
    return told if len(told) == _DIGEST_CHARS else b""


def _told_of(function: pb.PythonUDF) -> bytes:
    """What its worker says of a function: its digest, or why it has none."""
    return function.command.removeprefix(_TOKEN).partition(b"-")[2]


def why_apart(message: Message) -> str:
    """Why functions in a plan are applied for each frame by itself; empty if they need not be."""
    for here in walk(message):
        if isinstance(here, pb.CommonInlineUserDefinedFunction):
            function, name = here.python_udf, here.function_name[:_NAME_CHARS]
            if function.eval_type not in SHARED_KINDS:
                return f"the function {name!r} is one of groups, of iterators or of whole DataFrames"
            if not here.deterministic:
                return f"the function {name!r} is nondeterministic"
            if not digest_of(function):
                told = _told_of(function).decode("ascii")
                return f"the function {name!r} {_APART.get(told, _APART['captures'])}"
    return ""


def is_deterministic(expression: pb.Expression) -> bool:
    """Whether a function gives the same each time, and those that it is applied to."""
    calls = (one for one in walk(expression) if isinstance(one, pb.CommonInlineUserDefinedFunction))
    return all(one.deterministic for one in calls)


def is_over_rows(message: Message) -> bool:
    """Whether it calls a function of more than one row's values; of text, also one that is random."""
    if isinstance(message, pb.Expression.ExpressionString):
        text = inspect_expression(message.expression)
        kinds = {classify(one).kind for one in text.functions}
        return text.stars or not kinds <= set(_ROW_WISE) or not _BY_PARTITION.isdisjoint(text.functions)
    return isinstance(message, CALLS) and classify(message.function_name).kind not in _ROW_WISE


def own(relation: pb.Relation) -> Iterator[Message]:
    """What is in a relation, but for the relations in it."""
    work = children(relation)[::-1]
    while work:
        here = work.pop()
        if not isinstance(here, pb.Relation):
            yield here
            work += reversed(children(here))


def lowest(relation: pb.Relation) -> pb.Relation | None:
    """A relation of a plan whose own expressions hold functions, with none below it; None if there is none.

    Raises:
        PlanRefused: functions stand where they are not taken.
    """
    for here in reversed(list(relations(relation))):
        if has_own(here):
            _check(here)
            return here
    return None


def check_all(relation: pb.Relation) -> None:
    """See that functions stand where they are taken, in all of a plan.

    Raises:
        PlanRefused: one does not.
    """
    for here in relations(relation):
        if has_own(here):
            _check(here)


def has_own(relation: pb.Relation) -> bool:
    """Whether a function stands in a relation, but for relations below."""
    return next(functions_in(relation), None) is not None


def drop_columns(relation: pb.Relation, names: Sequence[str]) -> None:
    """Let a relation, which keeps its id, give all columns but some."""
    made = pb.Relation()
    if relation.common.HasField("plan_id"):
        made.common.plan_id = relation.common.plan_id
        relation.common.ClearField("plan_id")
    made.drop.input.CopyFrom(relation)
    made.drop.column_names.extend(names)
    relation.CopyFrom(made)


def functions_in(relation: pb.Relation) -> Iterator[pb.CommonInlineUserDefinedFunction]:
    """The functions in a relation, but for those in relations below."""
    return (part for part in own(relation) if isinstance(part, pb.CommonInlineUserDefinedFunction))


def input_of(relation: pb.Relation) -> pb.Relation:
    """The input of one of the relations that may hold functions."""
    inside: pb.Relation = getattr(relation, str(relation.WhichOneof("rel_type"))).input
    return inside


def roots(relation: pb.Relation) -> list[pb.Expression]:
    """The outermost expressions of such a relation."""
    match relation.WhichOneof("rel_type"):
        case "project":
            return list(relation.project.expressions)
        case "with_columns":
            return [alias.expr for alias in relation.with_columns.aliases]
        case "filter":
            return [relation.filter.condition]
        case "sort":
            return [order.child for order in relation.sort.order]
        case _:
            return [*relation.aggregate.grouping_expressions, *relation.aggregate.aggregate_expressions]


def named(relation: pb.Relation) -> list[RepeatedCompositeFieldContainer[pb.Expression]]:
    """The lists of expressions of such a relation that make columns and may have no name of their own."""
    match relation.WhichOneof("rel_type"):
        case "project":
            return [relation.project.expressions]
        case "aggregate":
            return [relation.aggregate.grouping_expressions, relation.aggregate.aggregate_expressions]
    return []


def by_keyword(arguments: Sequence[pb.Expression]) -> tuple[list[str], list[pb.Expression]]:
    """The keywords by which arguments of a function are given, "" for none, and what is given."""
    keys = [one.named_argument_expression.key for one in arguments]
    values = [
        one.named_argument_expression.value if key else one for one, key in zip(arguments, keys, strict=True)
    ]
    return keys, values


def check_repeatable(relation: pb.Relation) -> None:
    """See that nothing over results of functions depends on how rows lie in partitions: they do not any more.

    Args:
        relation: a plan in which functions were applied.

    Raises:
        PlanRefused: a part of the plan depends on partitions.
    """
    over_results = any(
        isinstance(here, pb.LocalRelation) and PREFIX.encode() in here.data[:_MOST_FACTS]
        for here in walk(relation)
    )
    for here in walk(relation) if over_results else ():
        call = isinstance(here, CALLS) and here.function_name.lower() in _BY_PARTITION
        text = here.expression if isinstance(here, pb.Expression.ExpressionString) else ""
        text = here.query if isinstance(here, pb.SQL) else text
        told = any(word in text.lower() for word in _BY_PARTITION)
        if call or told or isinstance(here, pb.Sample | pb.StatSampleBy):
            raise _by_partition()


def _check(relation: pb.Relation) -> None:
    kind = str(relation.WhichOneof("rel_type"))
    if kind in MAP_KINDS and any(map(is_function, own(relation))):
        raise refused("in the keys of groups", "make a column of it with df.withColumn before")
    if kind not in OPEN_RELATIONS and kind not in MAP_KINDS:
        raise refused(f"in a {kind.replace('_', ' ')}", "make a column of it with df.withColumn before")
    if kind == "aggregate":
        _check_groups(relation)
    if aggregates(relation):
        _check_aggregating(relation, kind)
    if kind == "filter" and any(isinstance(here, pb.Expression.Window) for here in own(relation)):
        raise refused(
            "in a filter over a window, as in Spark,", "make a column of the window with df.withColumn before"
        )
    for here in _outside(relation):
        _check_beside(here)


def _check_groups(relation: pb.Relation) -> None:
    """Check an aggregate with functions in it."""
    step = relation.aggregate
    if step.group_type not in GROUPINGS:
        raise refused("in a pivot or grouping sets", "make a column of it with df.withColumn before")
    if step.group_type != pb.Aggregate.GROUP_TYPE_GROUPBY and aggregates(relation):
        raise refused("that aggregates, in a rollup or cube", "aggregate by keys, in several steps")
    if any(map(_is_literal, step.grouping_expressions)):
        raise refused("in groups by a constant, which Spark takes for a place", "leave the key out")
    functions = [here for here in own(relation) if isinstance(here, pb.CommonInlineUserDefinedFunction)]
    if not all(function.deterministic for function in functions):
        raise refused(
            "that is nondeterministic, in an aggregate, as in Spark",
            "make a column of it with df.withColumn before",
        )


def _check_aggregating(relation: pb.Relation, kind: str) -> None:
    """Check a relation with functions that aggregate."""
    if any(isinstance(here, pb.Expression.Window) and aggregates(here) for here in own(relation)):
        raise refused(
            "that aggregates, over a window",
            "use an aggregate of pyspark.sql.functions, or aggregate by keys and join the result",
        )
    if any(map(is_over_rows, own(relation))):
        raise refused(
            "that aggregates, beside another aggregate, a window or explode, as in Spark,",
            "aggregate in two steps, and join them by their keys",
        )
    if kind not in ("aggregate", "project"):
        raise refused(
            f"that aggregates, in a {kind.replace('_', ' ')}", "use it in df.agg or df.groupBy(...).agg"
        )


def _check_beside(here: Message) -> None:
    """Check what stands beside functions in one expression."""
    if isinstance(here, CALLS) and here.function_name.lower() in _BY_PARTITION:
        raise _by_partition()
    if isinstance(here, CALLS) and here.function_name.lower() == "arrays_zip":
        raise refused(
            "beside arrays_zip, whose fields are called like its columns", "make a column of it before"
        )
    if not isinstance(here, pb.Expression):
        return
    match here.WhichOneof("expr_type"):
        case "expression_string":
            raise refused(
                "beside SQL text in one expression, or beside text that aggregates",
                "write the text with functions of pyspark.sql.functions, or make a column of it with "
                "df.withColumn before",
            )
        case "subquery_expression" | "unresolved_regex":
            raise refused(
                "beside a subquery or a pattern of column names",
                "make a column of it with df.withColumn before",
            )
        case "lambda_function" if has_functions(here):
            raise refused(
                "in the function of a transform, filter or aggregate of arrays",
                "apply it to the whole array",
            )


def _outside(relation: pb.Relation) -> Iterator[Message]:
    """What is in a relation, but for text that is read below it: as an argument, or all of an expression."""
    all_of_it = list(own(relation))
    texts = [one for one in map(inner, roots(relation)) if _is_text(one)]
    inside = [one for one in texts if not is_over_rows(one.expression_string)]
    for here in all_of_it:
        if isinstance(here, pb.CommonInlineUserDefinedFunction):
            inside += [one for one in walk(here) if isinstance(one, pb.Expression) and _is_text(one)]
    known = set(map(id, inside))
    return (here for here in all_of_it if id(here) not in known)


def _is_text(message: Message) -> bool:
    return isinstance(message, pb.Expression) and message.WhichOneof("expr_type") == "expression_string"


def inner(expression: pb.Expression) -> pb.Expression:
    """An expression without its name."""
    return expression.alias.expr if expression.WhichOneof("expr_type") == "alias" else expression


def _is_literal(expression: pb.Expression) -> bool:
    return inner(expression).WhichOneof("expr_type") == "literal"


def aggregates(message: Message) -> bool:
    """Whether a function that aggregates stands in it, but for relations below."""
    inside = own(message) if isinstance(message, pb.Relation) else walk(message)
    return any(
        isinstance(one, pb.CommonInlineUserDefinedFunction) and one.python_udf.eval_type in AGGREGATE_KINDS
        for one in inside
    )


def _by_partition() -> PlanRefused:
    return refused(
        "below or beside random numbers, row ids or a sample",
        "draw the sample before, and number rows with row_number() over an order",
    )


def refused(where: str, hint: str) -> PlanRefused:
    """The refusal of a function that stands where it is not taken."""
    return PlanRefused("udf-refused", f"a function of the metric {where} is refused", hint)
