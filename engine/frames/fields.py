"""Columns of a dataset, found by the name that a caller gave, with their type. Pure.

A dotted name is a column of exactly that name if there is one, else a path into struct columns. Names are
compared exactly first, and without case only if that leaves one candidate, as the backends would.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.errors import DataError
from engine.frames.build import column
from engine.models.frame import ValueType
from engine.wording import joined, worded

_SHOWN: Final = 20

# Types that a segment can be a value of, and what results call them. All others are refused.
VALUE_KINDS: Final[dict[str, ValueType]] = {
    "boolean": "bool",
    "byte": "int",
    "short": "int",
    "integer": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "decimal": "decimal",
    "string": "string",
    "char": "string",
    "var_char": "string",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_ntz": "timestamp_ntz",
}

# What to do about a type that cannot be grouped by; the rest have no words of their own.
_INSTEAD: Final = {
    "array": worded("{as_condition}, such as {example}", example="array_contains(tags, 'x')"),
    "map": worded("{as_condition}, such as {example}", example="attributes['x'] = 'y'"),
    "struct": "name one of its fields: column.field",
    "binary": "add a text column with hex(column) to the data",
    "variant": "add a column with variant_get(column, path, type) to the data",
    "null": "it has no values",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the data, or a field below one.

    Attributes:
        name: as the caller gave it.
        expression: what to write into plans.
        type: its type.
    """

    name: str
    expression: pb.Expression
    type: pb.DataType

    @property
    def kind(self) -> str:
        """The name of its type in the protocol, such as "long"."""
        return str(self.type.WhichOneof("kind"))


def find_field(schema: pb.DataType, name: str, what: str) -> Field:
    """Find a column.

    Args:
        schema: the data's, a struct.
        name: a column, or a dotted path.
        what: who asks, for the message.

    Raises:
        DataError: there is no such column, or it is ambiguous; with the closest names.
    """
    found = _match(schema, name, what)
    if found is not None:
        return Field(name, column(found.name), found.data_type)
    parts: list[str] = []
    here, rest = schema, name
    while rest:
        head, _, rest = rest.partition(".")
        inner = _match(here, head, what) if here.WhichOneof("kind") == "struct" else None
        if inner is None:
            raise DataError(_unknown(schema, name, what))
        parts.append(inner.name)
        here = inner.data_type
    return Field(name, column(*parts), here)


def check_groupable(field: Field, what: str) -> ValueType:
    """What results call values of this field.

    Raises:
        DataError: its type cannot be grouped by.
    """
    if field.kind not in VALUE_KINDS:
        hint = _INSTEAD.get(field.kind, worded("{as_condition}"))
        kind = field.kind.replace("_", " ")
        wrong = f"{what}: {field.name!r} is of type {kind}, which cannot be grouped by value"
        raise DataError(joined([wrong, hint], "; "))
    return VALUE_KINDS[field.kind]


def _match(struct: pb.DataType, name: str, what: str) -> pb.DataType.StructField | None:
    fields = struct.struct.fields
    exact = [field for field in fields if field.name == name]
    found = exact or [field for field in fields if field.name.lower() == name.lower()]
    if len(found) > 1:
        names = ", ".join(repr(field.name) for field in found)
        raise DataError(f"{what}: {name!r} could be any of the columns {names}; rename them in the data")
    return found[0] if found else None


def _unknown(schema: pb.DataType, name: str, what: str) -> str:
    names = [field.name for field in schema.struct.fields]
    close = difflib.get_close_matches(name.lower(), [known.lower() for known in names], n=3)
    guesses = [known for known in names if known.lower() in close]
    hint = f"did you mean {' or '.join(map(repr, guesses))}? " if guesses else ""
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{what}: there is no column {name!r}; {hint}the data has {', '.join(names[:_SHOWN])}{more}"
