"""An independent reading of what the gateway would send, by a walker that knows the descriptors only.

It shares no code and no table with `engine.spark.plans`; of `engine.spark.text` it takes the names of
functions. What it must find in a plan that passed: no relation that reads anything but the frame, no unknown
field, no text in a place that could name a table, a file or a class, no function that reaches beyond the
data, and no reference from outside into the frame.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyspark.sql.connect.proto as pb
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.unknown_fields import UnknownFieldSet

from engine.spark.text import known_functions
from tests.hostile import roles
from tests.hostile.text_reading import find_harm, find_type_harm, hidden_parts

MOST_RANGE_ROWS = 10_000_000
MOST_PARTITIONS = 1_000
# Messages that a plan could hold, and a checked one never does, by a part of their name.
FORBIDDEN_MESSAGES = re.compile(
    r"UDF|UDT|Java|Catalog|Extension|Any$|UserDefined|Command|Write|Merge|Cached|Parse|DataSource|MapPartitions"
    r"|GroupMap|Mlr|MlRelation|Pipeline|Stream|Changes|CollectMetrics|Compressed|Origin|SourceInfo|Unknown"
)
# Fields that say what is done, in forms that no honest client sends.
FORBIDDEN_FIELDS = roles.words(
    """
    is_user_defined_function is_internal is_metadata_column is_streaming within_watermark args pos_args
    rename_columns_map options qualifier join_data_type table_arg_options type_variation_reference
    """
)


class Gap(AssertionError):
    """A plan that passed holds what it must not."""


def read_bound(relation: pb.Relation, frame: pb.Relation, references: tuple[str, ...] = ()) -> None:
    """Read a bound plan.

    Args:
        relation: what would be sent to the backend.
        frame: what the placeholder stands for.
        references: names that SQL text may read beside those of its own with_relations.

    Raises:
        Gap: with what is wrong.
    """
    inside: set[int] = set()
    outside: set[int] = set()
    work: list[tuple[Any, frozenset[str], frozenset[str]]] = [(relation, frozenset(references), frozenset())]
    while work:
        here, tables, variables = work.pop()
        if _is_frame(here, frame):
            inside |= {message.plan_id for message in walk(here.subquery_alias.input) if _has_id(message)}
            continue
        name = _name(here)
        if len(UnknownFieldSet(here)):
            raise Gap(f"{name} has unknown fields")
        if FORBIDDEN_MESSAGES.search(name):
            raise Gap(f"a plan holds {name}")
        if _refers(here):
            outside.add(here.plan_id)
        if name == "Relation":
            _check_relation(here)
        if name in ("Expression.UnresolvedFunction", "CallFunction"):
            _check_schema(here)
        if name == "SubqueryExpression" and here.subquery_type == 3:
            raise Gap("a table is an argument")
        for field, value in here.ListFields():
            _check_field(name, field, value, tables)
        visible = tables
        if name == "WithRelations":
            visible = tables | {one.subquery_alias.alias for one in here.references}
        if name == "Expression.LambdaFunction":
            variables |= {".".join(one.name_parts) for one in here.arguments}
        if name == "Expression.UnresolvedNamedLambdaVariable" and ".".join(here.name_parts) not in variables:
            raise Gap(f"{here.name_parts} is no variable of a lambda around it")
        work += [(child, visible, variables) for child in _children(here)]
    if inside & outside:
        raise Gap(f"references {sorted(inside & outside)} reach into the frame")


def _check_relation(relation: Any) -> None:
    kind = relation.WhichOneof("rel_type")
    if kind is None or kind == "read":
        raise Gap("a relation of no kind" if kind is None else "something is read beside the frame")
    body = getattr(relation, kind)
    if not any(_name(child) == "Relation" for child in _children(body)) and kind not in roles.LEAVES:
        inputs = [field.name for field in body.DESCRIPTOR.fields if _type_of(field) == "Relation"]
        if not inputs:
            raise Gap(f"{kind} is a relation without an input")
    if kind == "range" and (body.step == 0 or (body.end - body.start) // body.step > MOST_RANGE_ROWS):
        raise Gap("a range is too long")
    if kind == "sample" and not 0 <= body.lower_bound <= body.upper_bound + 10 <= 20:
        raise Gap("a sample is larger than what it is drawn from")
    if getattr(body, "num_partitions", 0) > MOST_PARTITIONS:
        raise Gap("too many partitions")


def _check_schema(call: Any) -> None:
    """A schema that a function takes is text here, or what another function finds in an example."""
    place = roles.SCHEMA_PLACES.get(call.function_name.lower())
    if place is None or place >= len(call.arguments):
        return
    schema = call.arguments[place]
    inferred = schema.unresolved_function.function_name.lower() in ("schema_of_json", "schema_of_csv")
    if not inferred and (not schema.HasField("literal") or find_type_harm(schema.literal.string)):
        raise Gap(f"a schema that {call.function_name} takes: {schema!s:.100}")


def _check_field(name: str, field: Any, value: Any, tables: frozenset[str]) -> None:
    place = f"{name}.{field.name}"
    if field.name in FORBIDDEN_FIELDS and value:
        raise Gap(f"{place} is set")
    if field.enum_type is not None:
        numbers = value if field.is_repeated else [value]
        if any(number not in field.enum_type.values_by_number for number in numbers):
            raise Gap(f"{place} has an unknown value")
    if field.type not in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
        return
    role = roles.ROLES.get(place)
    if role is None:
        raise Gap(f"{place} is a text without a role: {value!r:.80}")
    for text in value if field.is_repeated else [value]:
        harm = _harm(role, text, tables)
        if harm:
            raise Gap(f"{place}: {harm} in {text!r:.200}")


def _harm(role: str, text: Any, tables: frozenset[str]) -> str:
    """What is wrong with a text in this role; "" if nothing is."""
    match role:
        case "column":
            return hidden_parts(text)
        case "function":
            return "" if _is_function(text) else "a function"
        case "table function":
            return "" if text.lower() in roles.TABLE_FUNCTIONS else "a table function"
        case "hint":
            return "" if text.lower() in roles.HINTS else "a hint"
        case "expression":
            return find_harm(text, frozenset(), query=False)
        case "sql":
            return find_harm(text, tables, query=True)
        case "type" | "schema":
            return find_type_harm(text)
        case "json":
            return _metadata_harm(text)
        case "data":
            return _data_harm(text)
        case "variable":
            return "" if text.isidentifier() and text.islower() and text.isascii() else "a variable"
    return ""


def _is_function(name: str) -> bool:
    """A sign, or a name that Spark is known to have and that reaches nothing beyond the data."""
    if re.fullmatch(r"[-+*/%&|^~<>=!]{1,3}|isNull|isNotNull|isNaN|startsWith|endsWith", name):
        return True
    word = name.lower() if name.isascii() else ""
    return word not in roles.HARMFUL and word in known_functions()


def _metadata_harm(text: str) -> str:
    data = json.loads(text) if text else {}
    if not isinstance(data, dict):
        return "metadata of no known form"
    bad = [key for key in data if key.startswith("_") or key != key.lower()]
    return f"metadata {bad}" if bad else ""


def _data_harm(data: bytes) -> str:
    """Arrow's own reader finds a valid table; that it has no metadata is seen in the bytes."""
    if not data:
        return ""
    try:
        pa.ipc.open_stream(data).read_all().validate(full=True)
    except pa.ArrowException as error:
        return f"data ({error!s:.60})"
    return "metadata" if b"SPARK::" in data or b"ARROW:" in data or b"pandas" in data else ""


def _is_frame(message: Any, frame: pb.Relation) -> bool:
    if _name(message) != "Relation" or message.WhichOneof("rel_type") != "subquery_alias":
        return False
    alias = message.subquery_alias
    return alias.alias == "frame" and _without_ids(alias.input) == _without_ids(frame)


def _without_ids(relation: pb.Relation) -> bytes:
    copy = pb.Relation()
    copy.CopyFrom(relation)
    for message in walk(copy):
        if _has_id(message):
            message.plan_id = 0
    return bytes(copy.SerializeToString(deterministic=True))


def _has_id(message: Any) -> bool:
    return "plan_id" in message.DESCRIPTOR.fields_by_name


def _refers(message: Any) -> bool:
    return _has_id(message) and _name(message) != "RelationCommon" and bool(message.plan_id)


def walk(message: Any) -> Iterator[Any]:
    """Yield a message and all inside it."""
    work = [message]
    while work:
        here = work.pop()
        yield here
        work += _children(here)


def _children(message: Any) -> list[Any]:
    found: list[Any] = []
    for field, value in message.ListFields():
        if field.type != FieldDescriptor.TYPE_MESSAGE:
            continue
        entry = field.message_type
        if entry.GetOptions().map_entry:
            if entry.fields_by_name["value"].type == FieldDescriptor.TYPE_MESSAGE:
                found += list(value.values())
        elif field.is_repeated:
            found += list(value)
        else:
            found.append(value)
    return found


def _type_of(field: Any) -> str:
    return "" if field.message_type is None else field.message_type.full_name.removeprefix("spark.connect.")


def _name(message: Any) -> str:
    return str(message.DESCRIPTOR.full_name).removeprefix("spark.connect.")
