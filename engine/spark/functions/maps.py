"""Relations that a function of the author makes of whole DataFrames or of their groups, taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import pyarrow as pa
import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.errors import PlanRefused
from engine.spark.functions.find import PREFIX, is_over_rows, refused, token_of
from engine.spark.functions.local import result_type
from engine.spark.plans.function_maps import MAP_KINDS
from engine.spark.plans.trees import children, copy, walk

# PySpark's numbers of those that are given each batch as one column, a struct of all.
_IN_STRUCTS: Final = frozenset({205, 207, 209, 215})
# Relations that Spark does not leave out because it knows that they have no rows. Not a trait of what they
# give: it is what Spark's optimizer does with them, which only this module has to know.
_READ_ALWAYS: Final = frozenset(
    {"read", "project", "with_columns", "with_columns_renamed", "filter", "to_df", "drop", "subquery_alias"}
)
# What may make a condition in SQL one that holds for no row: constants, alone or compared with one another.
_CONSTANT: Final = re.compile(r"\bfalse\b|(?<!is )(?<!not )\bnull\b|[\d']\s*[=<>!]+\s*[\d']", re.IGNORECASE)
_Expressions: TypeAlias = Sequence[pb.Expression]


@dataclass(frozen=True, slots=True)
class Side:
    """A DataFrame that a function is given.

    Attributes:
        below: gives its columns, then keys that are none of them.
        keys: places of the keys: those of columns, or -1, -2, ... for the last columns of `below`.
    """

    below: pb.Relation
    keys: tuple[int, ...]

    def surely_read(self) -> bool:
        """Whether Spark reads it even if it has no rows: it cannot know that before."""
        work: list[Message] = [self.below]
        while work:
            here = work.pop()
            if isinstance(here, pb.Relation) and here.WhichOneof("rel_type") not in _READ_ALWAYS:
                return False
            if isinstance(here, pb.Filter) and _may_be_constant(here.condition):
                return False
            work += children(here)
        return True

    @property
    def beside(self) -> int:
        """How many columns of `below` are keys alone."""
        return sum(place < 0 for place in self.keys)


@dataclass(frozen=True, slots=True)
class FunctionMap:
    """A relation that was taken apart.

    Attributes:
        kind: PySpark's number of how the function is applied.
        token: what the worker called it.
        sides: what it is given: one DataFrame, or two.
        grouped: whether it is given groups of their rows.
        output: the type of the rows that it gives.
        in_structs: whether it is given batches as structs.
    """

    kind: int
    token: int
    sides: tuple[Side, ...]
    grouped: bool
    output: pb.DataType
    in_structs: bool
    _plan_id: int | None

    def fields(self) -> list[pa.Field]:
        """The columns that it gives.

        Raises:
            PlanRefused: one is of a type that is not taken.
        """
        columns = self.output.struct.fields
        return [pa.field(one.name, result_type(one.data_type), one.nullable) for one in columns]

    def above(self, local: pb.Relation) -> pb.Relation:
        """The relation, over local data that holds its columns."""
        made = pb.Relation()
        if self._plan_id is not None:
            made.common.plan_id = self._plan_id
        made.to_df.input.CopyFrom(local)
        made.to_df.column_names.extend(field.name for field in self.output.struct.fields)
        return made


def is_map(relation: pb.Relation) -> bool:
    """Whether it is a relation that a function makes of whole DataFrames."""
    return relation.WhichOneof("rel_type") in MAP_KINDS


def function_of(relation: pb.Relation) -> pb.CommonInlineUserDefinedFunction:
    """The function of such a relation."""
    made = getattr(relation, str(relation.WhichOneof("rel_type"))).func
    assert isinstance(made, pb.CommonInlineUserDefinedFunction)
    return made


def take_apart(relation: pb.Relation) -> FunctionMap:
    """Take such a relation apart.

    Raises:
        PlanRefused: it cannot be.
    """
    function = function_of(relation)
    output = function.python_udf.output_type
    if not output.struct.fields:
        raise PlanRefused(
            "type-refused",
            "a function of DataFrames that declares no columns is refused",
            'declare them, as in "name string, total double"',
        )
    names = [field.name.lower() for field in output.struct.fields]
    if len(set(names)) < len(names):
        raise PlanRefused(
            "udf-refused",
            "a function of DataFrames that declares two columns of one name is refused",
            "give each column a name of its own",
        )
    return FunctionMap(
        function.python_udf.eval_type,
        token_of(function.python_udf),
        tuple(_sides(relation)),
        relation.WhichOneof("rel_type") != "map_partitions",
        copy(output),
        function.python_udf.eval_type in _IN_STRUCTS,
        relation.common.plan_id if relation.common.HasField("plan_id") else None,
    )


def _sides(relation: pb.Relation) -> Iterator[Side]:
    columns = list(function_of(relation).arguments)
    match relation.WhichOneof("rel_type"):
        case "map_partitions":
            yield _side(relation.map_partitions.input, _columns(columns), ())
        case "group_map":
            one = relation.group_map
            yield _side(one.input, _columns(columns), one.grouping_expressions)
        case _:
            two = relation.co_group_map
            if len(two.input_grouping_expressions) != len(two.other_grouping_expressions):
                raise refused(
                    "over pairs of groups by different numbers of keys", "group both by the same keys"
                )
            every = pb.Expression()
            every.unresolved_star.SetInParent()
            yield _side(two.input, [every], two.input_grouping_expressions)
            yield _side(two.other, [every], two.other_grouping_expressions)


def _columns(columns: _Expressions) -> _Expressions:
    """The columns of the input, which PySpark names one by one, so that Spark tells of two of one name."""
    if any(one.WhichOneof("expr_type") != "unresolved_attribute" for one in columns):
        raise refused("over anything but the columns of its DataFrame", "use PySpark's own DataFrame API")
    if not columns:
        raise refused("over a DataFrame without columns", "select a column before")
    return columns


def _side(input_: pb.Relation, columns: _Expressions, keys: _Expressions) -> Side:
    below, places = pb.Relation(), list[int]()
    below.project.input.CopyFrom(input_)
    below.project.expressions.extend(columns)
    known = [one.unresolved_attribute.unparsed_identifier.lower() for one in columns]
    for key in keys:
        if any(map(is_over_rows, walk(key))):
            raise refused(
                "over groups by an aggregate, a window or explode",
                "make a column of it with df.withColumn before",
            )
        if not any(isinstance(one, pb.Expression.UnresolvedAttribute) for one in walk(key)):
            raise refused("over groups by a constant", "leave groupBy(...) empty")
        attribute = key.unresolved_attribute
        name = attribute.unparsed_identifier.lower()
        if name and known.count(name) == 1 and _is_of(attribute, input_):
            places.append(known.index(name))
            continue
        places.append(-1 - sum(place < 0 for place in places))
        alias = below.project.expressions.add().alias
        alias.expr.CopyFrom(key.alias.expr if key.WhichOneof("expr_type") == "alias" else key)
        alias.name.append(f"{PREFIX}key_{len(places)}")
    beside = sum(place < 0 for place in places)
    return Side(below, tuple(-1 - beside - place if place < 0 else place for place in places))


def _may_be_constant(condition: pb.Expression) -> bool:
    """Whether a condition, or part of it, may hold for no row whatever is in it."""
    for here in walk(condition):
        if isinstance(here, pb.Expression.ExpressionString) and _CONSTANT.search(here.expression):
            return True
        if isinstance(here, pb.Expression.Literal) and here.WhichOneof("literal_type") in ("boolean", "null"):
            return True
    return False


def _is_of(attribute: pb.Expression.UnresolvedAttribute, input_: pb.Relation) -> bool:
    """Whether it names a column of this DataFrame, or of none in particular."""
    if not attribute.HasField("plan_id"):
        return True
    return input_.common.HasField("plan_id") and input_.common.plan_id == attribute.plan_id
