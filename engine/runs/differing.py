"""How the columns of a baseline differ from those of the data, and whether a metric cares. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyspark.sql.connect.proto as pb
from pyspark.sql.connect.types import proto_schema_to_pyspark_data_type

from engine.errors import DataError
from engine.spark.plans import means_without_column
from sandbox.contract.signature import TakesBaseline

_SHOWN: Final = 10
# Types that are one and the same to a metric, but for how much fits into them.
_ALIKE: Final = {
    "byte": "long", "short": "long", "integer": "long",
    "float": "double",
    "char": "string", "var_char": "string",
}  # fmt: skip


def refuse_differing(data: pb.DataType, baseline: pb.DataType, takers: Mapping[str, TakesBaseline]) -> None:
    """See that data and baseline agree in every column that a metric names.

    Args:
        data: the schema of the data, as a struct type.
        baseline: the schema of the baseline, as a struct type.
        takers: the metrics that take a baseline, by name.

    Raises:
        DataError: they do not; or a column that one of them lacks is called like something that the data
            engine would take its name for.
    """
    mine, theirs = _by_name(data), _by_name(baseline)
    named = {word.lower() for taker in takers.values() for word in taker.words}
    wrong = []
    for key in dict.fromkeys((*mine, *theirs)):
        one, other = mine.get(key), theirs.get(key)
        if one is not None and other is not None and _same(one.data_type, other.data_type):
            continue
        known = one or other
        assert known is not None
        special = (one is None or other is None) and means_without_column(known.name)
        if key in named or special:
            wrong.append(_difference(known.name, one, other))
    if wrong:
        more = f", and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        hint = "rename or cast it in the data, or leave it out of the metric"
        raise DataError(f"it differs from the data in {', '.join(wrong[:_SHOWN])}{more}; {hint}")


def _difference(name: str, one: pb.DataType.StructField | None, other: pb.DataType.StructField | None) -> str:
    if one is None or other is None:
        return f"{name!r}, which {'the data' if one is None else 'it'} lacks"
    return f"{name!r}, which is {_shown(other)} in it and {_shown(one)} in the data"


def _shown(field: pb.DataType.StructField) -> str:
    return proto_schema_to_pyspark_data_type(field.data_type).simpleString()[:100]


def _by_name(schema: pb.DataType) -> dict[str, pb.DataType.StructField]:
    return {field.name.lower(): field for field in schema.struct.fields}


def _same(one: pb.DataType, other: pb.DataType) -> bool:
    kinds = str(one.WhichOneof("kind")), str(other.WhichOneof("kind"))
    if kinds[0] in _ALIKE or kinds[1] in _ALIKE:
        return _ALIKE.get(kinds[0], kinds[0]) == _ALIKE.get(kinds[1], kinds[1])
    return bool(proto_schema_to_pyspark_data_type(one) == proto_schema_to_pyspark_data_type(other))
