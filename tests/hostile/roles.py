"""What each text of a checked plan may be, field by field: a table of its own, read from the descriptors.

Nothing of `engine.spark.plans` is used here, so that a rule missing there is not missing here as well. A text
or bytes in a field that has no role is a gap in the sandbox, whatever it says.
"""

from __future__ import annotations

from typing import Final, Literal

Role = Literal[
    "column", "function", "table function", "hint", "sql", "expression", "type", "schema", "json", "data",
    "variable",
]  # fmt: skip

_VALUE: Final = "value"


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


# Message.field, without the package -> role. "value" is data or a word that the backend compares.
ROLES: Final[dict[str, str]] = {
    "Expression.Literal.binary": _VALUE,
    "Expression.Literal.string": _VALUE,
    "Expression.Literal.Decimal.value": _VALUE,
    "DataType.String.collation": _VALUE,
    "LocalRelation.data": "data",
    "Expression.UnresolvedNamedLambdaVariable.name_parts": "variable",
    "AsOfJoin.join_type": _VALUE,
    "AsOfJoin.direction": _VALUE,
    "NearestByJoin.join_type": _VALUE,
    "NearestByJoin.mode": _VALUE,
    "NearestByJoin.direction": _VALUE,
    "StatCorr.method": _VALUE,
    "StatSummary.statistics": _VALUE,
    "Expression.UnresolvedFunction.function_name": "function",
    "CallFunction.function_name": "function",
    "UnresolvedTableValuedFunction.function_name": "table function",
    "Hint.name": "hint",
    "Expression.ExpressionString.expression": "expression",
    "SQL.query": "sql",
    "LocalRelation.schema": "schema",
    "Expression.Cast.type_str": "type",
    "DataType.Unparsed.data_type_string": "type",
    "Expression.Alias.metadata": "json",
    "DataType.StructField.metadata": "json",
    **dict.fromkeys(
        (
            "AsOfJoin.using_columns",
            "DataType.StructField.name",
            "Deduplicate.column_names",
            "Drop.column_names",
            "Expression.Alias.name",
            "Expression.UnresolvedAttribute.unparsed_identifier",
            "Expression.UnresolvedRegex.col_name",
            "Expression.UnresolvedStar.unparsed_target",
            "Expression.UpdateFields.field_name",
            "Join.using_columns",
            "NADrop.cols",
            "NAFill.cols",
            "NAReplace.cols",
            "StatApproxQuantile.cols",
            "StatCorr.col1",
            "StatCorr.col2",
            "StatCov.col1",
            "StatCov.col2",
            "StatCrosstab.col1",
            "StatCrosstab.col2",
            "StatDescribe.cols",
            "StatFreqItems.cols",
            "SubqueryAlias.alias",
            "ToDF.column_names",
            "Unpivot.variable_column_name",
            "Unpivot.value_column_name",
            "WithColumnsRenamed.Rename.col_name",
            "WithColumnsRenamed.Rename.new_col_name",
        ),
        "column",
    ),
}

# Functions that reach beyond the data. The checker lists what is allowed; this is the other way round.
HARMFUL: Final = words(
    """
    reflect java_method try_reflect input_file_name input_file_block_start input_file_block_length
    spark_partition_id current_user session_user user current_catalog current_database current_schema
    current_path version sql_keywords collations python_worker_logs identifier from_avro to_avro
    schema_of_avro from_protobuf to_protobuf from_xml schema_of_xml read_files read_kafka read_parquet
    unwrap_udt load_file secret try_secret http_request ai_query cloud_files_state
    event_log list_secrets read_pubsub read_pulsar read_kinesis read_statestore read_state_metadata
    """
)
TABLE_FUNCTIONS: Final = words(
    """
    explode explode_outer inline inline_outer json_tuple posexplode posexplode_outer stack variant_explode
    variant_explode_outer
    """
)
HINTS: Final = words(
    """
    broadcast broadcastjoin mapjoin merge shuffle_merge mergejoin shuffle_hash shuffle_replicate_nl coalesce
    repartition repartition_by_range rebalance
    """
)

# Functions with an argument that is a schema, and where it stands.
SCHEMA_PLACES: Final = {"from_json": 1, "from_csv": 1, "variant_get": 2, "try_variant_get": 2}

# Relations without an input that compute nothing but what they hold.
LEAVES: Final = frozenset({"local_relation", "range", "sql", "unresolved_table_valued_function"})
