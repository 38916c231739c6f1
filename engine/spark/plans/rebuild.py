"""Trusted side: build a new message of what the tables understand of a guest's message, refuse the rest.

The invariant: the result holds only fields that `tables.FIELDS` keeps, each checked; nothing is passed
on because nobody thought of it. Works through a list instead of recursion, so that a deep plan cannot
exhaust the stack. `rebuild(rebuild(x)) == rebuild(x)`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, TypeVar

import pyspark.sql.connect.proto as pb
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from engine.errors import PlanRefused
from engine.spark.plans.caps import MAX_DEPTH, MAX_NODES
from engine.spark.plans.days import exact
from engine.spark.plans.lambdas import variables_of
from engine.spark.plans.relation_checks import referenced_views
from engine.spark.plans.rules import Drop, Keep, Place, Refuse, Walk
from engine.spark.plans.tables import CHECKS, ENUMS, FIELDS

_M = TypeVar("_M", bound=Message)
_PACKAGE = "spark.connect."


def rebuild(source: _M, place: Place | None = None) -> _M:
    """Return a new message with what is understood of `source`.

    Raises:
        PlanRefused: for the first thing that is not allowed or not known.
        Interrupted: the place's budget says that it is time to stop.
    """
    place = place or Place()
    result = type(source)()
    work: list[tuple[Message, Message, Place, int]] = [(source, result, place, 1)]
    while work:
        origin, target, here, depth = work.pop()
        here.budget.nodes += 1
        here.budget.stop()
        if here.budget.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise PlanRefused(
                "plan-too-large",
                f"the plan is too large: over {MAX_NODES:,} parts or {MAX_DEPTH // 2} inside one another",
                "build it in fewer steps, or split it into several queries",
            )
        for child, built, field in _copy(origin, target, here):
            work.append((child, built, _inside(here, origin, field), depth + 1))
    return result


def _copy(source: Message, target: Message, place: Place) -> list[tuple[Message, Message, str]]:
    """Copy the scalars of one message, and return its nested messages with where they go."""
    name = source.DESCRIPTOR.full_name.removeprefix(_PACKAGE)
    if isinstance(source, pb.Expression) and not any(
        len(UnknownFieldSet(part)) for part in (source, source.literal)
    ):
        source = exact(source)
    rules = FIELDS.get(name)
    if rules is None or len(UnknownFieldSet(source)):
        raise _unknown(name)
    check = CHECKS.get(name)
    if check is not None:
        check(source, place)
    nested = []
    for field, value in source.ListFields():
        rule = rules.get(field.name)
        most = rule.most if isinstance(rule, Walk) else MAX_NODES
        if field.is_repeated and len(value) > most:
            raise PlanRefused("plan-too-large", f"{name}: more than {most:,} {field.name}", "")
        match rule:
            case Keep() as keep:
                _keep(keep, field, value, target, place)
            case Walk():
                nested += [(child, built, field.name) for child, built in _pair(field, value, target)]
            case Drop():
                pass
            case Refuse() as refusal:
                if not _says_nothing(field, value):
                    raise refusal.error()
            case None:
                raise _unknown(f"{name}.{field.name}")
    return nested


def _says_nothing(field: FieldDescriptor, value: object) -> bool:
    """Whether an optional scalar holds its default, as PySpark writes `is_metadata_column = False`."""
    choice = field.containing_oneof
    single = not field.is_repeated and field.message_type is None
    return single and value == field.default_value and (choice is None or choice.name == f"_{field.name}")


def _keep(rule: Keep, field: FieldDescriptor, value: Any, target: Message, place: Place) -> None:
    check = rule.check
    if field.enum_type is not None:
        _check_enum(field.enum_type, value)
    if field.is_repeated:
        getattr(target, field.name).extend(value if check is None else [check(item, place) for item in value])
    else:
        setattr(target, field.name, value if check is None else check(value, place))


def _check_enum(enum: EnumDescriptor, number: int) -> None:
    name = enum.full_name.removeprefix(_PACKAGE)
    value = enum.values_by_number.get(number)
    if value is None or (number and value.name not in ENUMS.get(name, {})):
        raise _unknown(f"{name} {number}")
    refusal = ENUMS[name][value.name] if number else None
    if refusal is not None:
        raise refusal.error()


def _pair(field: FieldDescriptor, value: Any, target: Message) -> list[tuple[Message, Message]]:
    """Pair each nested message with a new, empty one in the target."""
    place = getattr(target, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return [(value[key], place[key]) for key in sorted(value)]
    if field.is_repeated:
        return [(item, place.add()) for item in value]
    place.SetInParent()
    return [(value, place)]


def _inside(place: Place, parent: Message, field: str) -> Place:
    """Return the place of a nested message: views are seen by SQL text right below their with_relations.

    Variables are seen everywhere inside of their lambda.
    """
    kind = parent.DESCRIPTOR.name
    views: Collection[str] | None = ()
    if kind == "SqlCommand" or (place.views is None and (kind, field) in _DEFERRED):
        views = None
    elif isinstance(parent, pb.WithRelations):
        if field == "root" and parent.root.WhichOneof("rel_type") == "sql":
            views = tuple(referenced_views(parent))
    elif kind == "Relation" and field == "sql":
        views = place.views
    of_function = isinstance(parent, pb.CommonInlineUserDefinedFunction)
    variables = place.variables
    if isinstance(parent, pb.Expression.LambdaFunction):
        variables |= variables_of(parent)
    if (views, variables, of_function) == (place.views, place.variables, place.of_function):
        return place
    return replace(place, views=views, variables=variables, of_function=of_function)


# Below a SQL command, text directly under these is checked when the guest's views are known.
_DEFERRED = {("Relation", "sql"), ("Relation", "with_relations"), ("WithRelations", "root")}


def _unknown(what: str) -> PlanRefused:
    return PlanRefused(
        "plan-unknown",
        f"the plan is refused: it holds something that is not known here ({what})",
        "use PySpark 4.2's DataFrame API",
    )
