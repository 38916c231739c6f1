"""Trusted side: which data types and literals a plan may carry."""

from __future__ import annotations

from engine.spark.plans.names import check_column, check_metadata, check_text
from engine.spark.plans.rules import KEEP, WALK, Fields, Keep, Refuse, Rule, unused
from engine.spark.plans.text import check_type_text

_VARIATION = {"type_variation_reference": unused("a type variation")}
_UDT = Refuse(
    "a user-defined type",
    "the backend would load a class for it",
    "use the plain types of pyspark.sql.types",
    "type-refused",
)
_GEO = Refuse("a geometry or geography type", "metrics have no use for it yet", "", "type-refused")


def _plain(**fields: Rule) -> dict[str, Rule]:
    return {**fields, **_VARIATION}


TYPES: Fields = {
    "DataType": {
        **dict.fromkeys(
            [
                "null",
                "binary",
                "boolean",
                "byte",
                "short",
                "integer",
                "long",
                "float",
                "double",
                "decimal",
                "string",
                "char",
                "var_char",
                "date",
                "timestamp",
                "timestamp_ntz",
                "calendar_interval",
                "year_month_interval",
                "day_time_interval",
                "array",
                "struct",
                "map",
                "variant",
                "time",
                "unparsed",
            ],
            WALK,
        ),
        "udt": _UDT,
        "geometry": _GEO,
        "geography": _GEO,
    },
    **{
        f"DataType.{name}": _plain()
        for name in [
            "NULL",
            "Binary",
            "Boolean",
            "Byte",
            "Short",
            "Integer",
            "Long",
            "Float",
            "Double",
            "Date",
            "Timestamp",
            "TimestampNTZ",
            "CalendarInterval",
            "Variant",
        ]
    },
    "DataType.Decimal": _plain(precision=KEEP, scale=KEEP),
    "DataType.String": _plain(collation=Keep(check_text)),
    "DataType.Char": _plain(length=KEEP),
    "DataType.VarChar": _plain(length=KEEP),
    "DataType.Time": _plain(precision=KEEP),
    "DataType.YearMonthInterval": _plain(start_field=KEEP, end_field=KEEP),
    "DataType.DayTimeInterval": _plain(start_field=KEEP, end_field=KEEP),
    "DataType.Array": _plain(element_type=WALK, contains_null=KEEP),
    "DataType.Map": _plain(key_type=WALK, value_type=WALK, value_contains_null=KEEP),
    "DataType.Struct": _plain(fields=WALK),
    "DataType.StructField": {
        "name": Keep(check_column),
        "data_type": WALK,
        "nullable": KEEP,
        "metadata": Keep(check_metadata),
    },
    "DataType.Unparsed": {"data_type_string": Keep(check_type_text)},
}

LITERALS: Fields = {
    "Expression.Literal": {
        **dict.fromkeys(["null", "decimal", "array", "time", "data_type"], WALK),
        **dict.fromkeys(
            [
                "boolean",
                "byte",
                "short",
                "integer",
                "long",
                "float",
                "double",
                "date",
                "timestamp",
                "timestamp_ntz",
                "day_time_interval",
            ],
            KEEP,
        ),
        "binary": Keep(check_text),
        "string": Keep(check_text),
        "calendar_interval": unused("a calendar interval literal"),
        "year_month_interval": unused("a year-month interval literal"),
        "map": unused("a map literal"),
        "struct": unused("a struct literal"),
        "specialized_array": unused("a specialised array literal"),
    },
    "Expression.Literal.Decimal": {"value": Keep(check_text), "precision": KEEP, "scale": KEEP},
    "Expression.Literal.Array": {"element_type": WALK, "elements": WALK},
    "Expression.Literal.Time": {"nano": KEEP, "precision": KEEP},
}
