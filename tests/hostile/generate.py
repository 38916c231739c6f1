"""Random protobuf messages, made from the descriptors: mostly such as a plan may hold, some not.

Without a leaning towards what passes, nearly every message would be refused at its first field, and nothing
behind that would be tried. So kinds that may pass and texts that fit their place are drawn more often.
"""

from __future__ import annotations

import random
from typing import Any, Final

import pyspark.sql.connect.proto as pb
from google.protobuf.descriptor import FieldDescriptor

from tests.hostile.roles import ROLES, words
from tests.spark.plans.streams import several

MOST_DEPTH: Final = 12
_STREAMS: Final = several()

# Texts by role: those that fit, and those that must not pass.
FITTING: Final[dict[str, tuple[str, ...]]] = {
    "column": ("a", "b", "`x y`", "s.x", "xs", "*", "a.`b.c`", "männlich", "`a.*`"),
    "function": (
        "avg",
        "+",
        "abs",
        "sum",
        "struct",
        "array",
        "transform",
        "when",
        "==",
        "from_json",
        "COUNT",
    ),
    "table function": ("explode", "posexplode", "inline", "stack"),
    "hint": ("broadcast", "coalesce", "MERGE"),
    "sql": (
        "SELECT 1",
        "SELECT * FROM _calcmetric_view_0",
        "WITH q AS (SELECT 1) SELECT * FROM q",
        "VALUES (1)",
    ),
    "expression": (
        "a + 1",
        "avg(b) OVER (PARTITION BY c)",
        "CASE WHEN a > 1 THEN 'x' END AS y",
        "xs[0]",
        "*",
    ),
    "type": ("int", "array<struct<a:int>>", "a INT, b STRING", "decimal(3,1)"),
    "schema": (
        "a INT",
        '{"type":"struct","fields":[{"name":"a","type":"long","nullable":true,"metadata":{}}]}',
    ),
    "json": ("{}", '{"unit":"m"}', ""),
    "value": ("inner", "x", "", "forward", "1.5", "\u2028"),
    "variable": ("x_1",),
    "": ("x", "frame", "scored", "_calcmetric_view_0", "_calcmetric_view_1", "current", "1"),
}
HOSTILE: Final[dict[str, tuple[str, ...]]] = {
    "column": (
        "_metadata",
        "_metadata.file_path",
        "`_MetaData`.x",
        "a.__metadata",
        "current_user",
        "_fİle",
        "user",
    ),
    "function": (
        "reflect",
        "java_method",
        "system.builtin.abs",
        "`reflect`",
        "my_udf",
        "Input_File_Name",
        "",
    ),
    "table function": ("read_files", "range", "sql_keywords"),
    "hint": ("index", ""),
    "sql": (
        "SELECT * FROM text.`/etc/passwd`",
        "DROP TABLE frame",
        "SELECT * FROM frame",
        "SELECT * FROM customers",
        "SELECT 1; SELECT 2",
        "SELECT * FROM IDENTIFIER('customers')",
        "FROM customers |> SELECT *",
    ),
    "expression": (
        "reflect('java.lang.Runtime', 'getRuntime')",
        "(SELECT max(value) FROM text.`/etc/passwd`)",
        "_metadata.file_path",
        "${env:HOME}",
        "a /* x */ -- y",
        "?",
    ),
    "type": ("int) from t", "udt", "a INT DEFAULT current_user()"),
    "schema": (
        '{"type":"udt","class":"java.lang.Object","sqlType":"string"}',
        "a INT GENERATED ALWAYS AS (1)",
    ),
    "json": ('{"__metadata_col":true}', '{"CURRENT_DEFAULT":"1"}', "[1]", "{"),
    "value": ("x" * 2000,),
    "variable": ("_metadata", "X_1", "a", "a`b"),
    "": (
        "/etc/passwd",
        "text.`/etc/passwd`",
        "customers",
        "spark_catalog.default.t",
        "java.lang.Runtime",
        "`",
    ),
}

# Members of oneofs and plain fields that a plan may not hold.
_FORBIDDEN: Final = words(
    """
    parse relation_changes map_partitions group_map co_group_map apply_in_pandas_with_state
    common_inline_user_defined_table_function common_inline_user_defined_data_source collect_metrics
    with_watermark cached_local_relation chunked_cached_local_relation cached_remote_relation catalog
    ml_relation extension unknown common_inline_user_defined_function typed_aggregate_expression
    named_argument_expression merge_action data_source table_arg_options udt geometry geography
    calendar_interval year_month_interval specialized_array join_data_type rename_columns_map args pos_args
    type_variation_reference qualifier origin source_info is_user_defined_function is_internal
    is_metadata_column within_watermark is_streaming options named_argument
    """
)


class Generator:
    """Fills messages with what a random generator draws.

    Attributes:
        draw: the random generator.
        spite: how often something is drawn that must not pass, from 0 to 1.
    """

    def __init__(self, draw: random.Random, spite: float = 0.02) -> None:
        self.draw = draw
        self.spite = spite

    def relation(self) -> pb.Relation:
        """A random relation."""
        made = pb.Relation()
        self.fill(made, 1)
        return made

    def fill(self, message: Any, depth: int) -> None:
        """Fill any message."""
        name = message.DESCRIPTOR.full_name.removeprefix("spark.connect.")
        if name == "Relation" and (depth >= MOST_DEPTH or self._chance(0.12)):
            message.common.plan_id = self.draw.randrange(9)
            message.read.named_table.unparsed_identifier = "frame"
            return
        if name == "Expression" and (depth >= MOST_DEPTH or self._chance(0.2)):
            message.unresolved_attribute.unparsed_identifier = self.text("column")
            return
        if name == "DataType" and depth >= MOST_DEPTH:
            message.long.SetInParent()
            return
        chosen = {
            one.name: self.draw.choice(self._offered(list(one.fields))) for one in message.DESCRIPTOR.oneofs
        }
        for field in message.DESCRIPTOR.fields:
            choice = field.containing_oneof
            if choice is not None:
                if chosen[choice.name] is not field or (choice.name.startswith("_") and self._chance(0.5)):
                    continue
            elif field.name in _FORBIDDEN:
                if not self._chance(self.spite / 4):
                    continue
            elif not self._chance(0.9 if field.message_type is not None else 0.6):
                continue
            self._set(message, field, name, depth)

    def text(self, role: str) -> str:
        """A text for a place of this role."""
        source = HOSTILE if self._chance(self.spite) else FITTING
        return self.draw.choice(source.get(role, source[""]))

    def _offered(self, fields: list[Any]) -> list[Any]:
        """The members of a oneof to choose from."""
        kind = [field for field in fields if field.name not in _FORBIDDEN]
        return fields if not kind or self._chance(self.spite) else kind

    def _set(self, message: Any, field: Any, name: str, depth: int) -> None:
        place = getattr(message, field.name)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            value = field.message_type.fields_by_name["value"]
            if value.message_type is not None:
                self.fill(place[self.text("")], depth + 1)
            else:
                place[self.text("")] = self.text("")
        elif field.message_type is not None:
            for target in (
                [place.add() for _ in range(self.draw.randrange(3))] if field.is_repeated else [place]
            ):
                target.SetInParent()
                self.fill(target, depth + 1)
        elif field.is_repeated:
            place.extend(self._scalar(field, name) for _ in range(self.draw.randrange(3)))
        else:
            setattr(message, field.name, self._scalar(field, name))

    def _scalar(self, field: Any, name: str) -> Any:
        kinds = FieldDescriptor
        if field.enum_type is not None:
            if self._chance(self.spite):
                return 99
            return self.draw.choice(field.enum_type.values).number
        match field.type:
            case kinds.TYPE_STRING:
                return self.text(ROLES.get(f"{name}.{field.name}", ""))
            case kinds.TYPE_BYTES:
                if ROLES.get(f"{name}.{field.name}") == "data" and not self._chance(self.spite):
                    return self.draw.choice(_STREAMS)
                return self.draw.randbytes(self.draw.randrange(5))
            case kinds.TYPE_BOOL:
                return self._chance(0.5)
            case kinds.TYPE_DOUBLE | kinds.TYPE_FLOAT:
                return self.draw.choice(
                    (0.0, 0.5, 1.0, float("nan"), -1.0, 1e308 if field.type == 1 else 1e30)
                )
        if self._chance(self.spite):
            return 2**31 - 1 if "uint" in str(field.type) or field.type == kinds.TYPE_UINT32 else -1
        return self.draw.randrange(5)

    def _chance(self, share: float) -> bool:
        return self.draw.random() < share
