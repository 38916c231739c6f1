"""Schemas in words (`name string, fee double`), as far as they are plain. Pure."""

from __future__ import annotations

import re
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.spark.native.expressions import TYPE_NAMES
from engine.spark.native.types import to_proto
from engine.spark.native.unproven import Unproven

_FIELD: Final = re.compile(r"\s*([a-z][a-z0-9_]*)(?:\s*:\s*|\s+)([a-z]+)\s*", re.ASCII)
# What may be a part of the type, or of what stands behind it.
_WORDS: Final = frozenset({"not", "null", "comment", "default", "generated", "interval", "collate"})


def parse_ddl(text: str) -> pb.DataType:
    """The type of rows with these columns, or the one type that is named.

    Raises:
        Unproven: the text is not plain.
    """
    if (alone := TYPE_NAMES.get(text.strip())) is not None:
        return to_proto(alone)
    parsed, names = pb.DataType(), set[str]()
    for part in text.split(","):
        found = _FIELD.fullmatch(part)
        kind = None if found is None else TYPE_NAMES.get(found[2])
        if found is None or kind is None or found[1] in _WORDS or found[1] in names:
            raise Unproven("a schema in words that is not plain")
        names.add(found[1])
        parsed.struct.fields.add(name=found[1], data_type=to_proto(kind), nullable=True)
    return parsed
