"""Trusted side: which relations a plan may hold. All 61 kinds of PySpark 4.2 are classified."""

from __future__ import annotations

from engine.spark.plans import relation_checks as checks
from engine.spark.plans.caps import MAX_REFERENCES
from engine.spark.plans.expressions import UDF
from engine.spark.plans.function_maps import FUNCTION_MAP_CHECKS, FUNCTION_MAPS, MAP_KINDS
from engine.spark.plans.local_data import rewrite_local_data
from engine.spark.plans.names import check_column, check_identifier, check_plan_id, check_table, check_text
from engine.spark.plans.rules import KEEP, WALK, Drop, Fields, Keep, MessageCheck, Refuse, Walk, unused
from engine.spark.plans.text import check_query_text, check_schema_text

_COLUMN = Keep(check_column)  # a new name
_IDENTIFIER = Keep(check_identifier)  # the name of a column that has to be there
_TEXT = Keep(check_text)
_PARTITIONS = Keep(checks.check_partitions)

_READ = Refuse(
    "spark.read",
    "a metric reads only the DataFrame that calc_metric gets",
    "use that DataFrame; small tables can be made with spark.createDataFrame",
    "read-refused",
)
_STREAM = Refuse("streaming", "a metric computes over data that stands still", "", "streaming-refused")
_FUNCTION_MAP = Refuse(
    "applyInPandasWithState",
    "only streams keep state, and a metric computes over data that stands still",
    "use groupBy(...).applyInPandas(...)",
    "udf-refused",
)
_CACHED = Refuse(
    "a relation kept on the server",
    "plans carry their data themselves",
    "leave out checkpoint(); send less than 16 MiB with spark.createDataFrame",
)

RELATIONS: Fields = {
    "Relation": {
        "common": WALK,
        **dict.fromkeys(
            [
                "read",
                "project",
                "filter",
                "join",
                "set_op",
                "sort",
                "limit",
                "aggregate",
                "sql",
                "local_relation",
                "sample",
                "offset",
                "deduplicate",
                "range",
                "subquery_alias",
                "repartition",
                "to_df",
                "with_columns_renamed",
                "show_string",
                "drop",
                "tail",
                "with_columns",
                "hint",
                "unpivot",
                "to_schema",
                "repartition_by_expression",
                "html_string",
                "as_of_join",
                "with_relations",
                "transpose",
                "unresolved_table_valued_function",
                "lateral_join",
                "nearest_by_join",
                "fill_na",
                "drop_na",
                "replace",
                "summary",
                "crosstab",
                "describe",
                "cov",
                "corr",
                "approx_quantile",
                "freq_items",
                "sample_by",
            ],
            WALK,
        ),
        "parse": Refuse(
            "spark.read.json or spark.read.csv over a DataFrame",
            "its options can name files",
            "use F.from_json or F.from_csv on the column",
            "read-refused",
        ),
        "relation_changes": _READ,
        **dict.fromkeys(MAP_KINDS, WALK),  # which no data engine gets; see `engine.spark.functions`
        "apply_in_pandas_with_state": _FUNCTION_MAP,
        "common_inline_user_defined_table_function": UDF,
        "common_inline_user_defined_data_source": UDF,
        "collect_metrics": Refuse(
            "df.observe",
            "its numbers travel beside the result, and frames that share a query would share them",
            "compute them with df.agg(...)",
        ),
        "with_watermark": _STREAM,
        "cached_local_relation": _CACHED,
        "chunked_cached_local_relation": _CACHED,
        "cached_remote_relation": _CACHED,
        "catalog": Refuse(
            "spark.catalog",
            "a metric sees only the DataFrame that calc_metric gets",
            "use df.columns and df.schema; views need no catalog call",
            "catalog-refused",
        ),
        "ml_relation": Refuse(
            "pyspark.ml", "models are kept on the server", "use numpy, scipy or statsmodels on collected data"
        ),
        "extension": unused("an extension of Spark Connect"),
        "unknown": unused("an unknown relation"),
    },
    "RelationCommon": {
        "plan_id": Keep(check_plan_id),
        "source_info": Drop("a note for error messages of the server"),
        "origin": Drop("where in the author's code it was made; the engine finds lines by itself"),
    },
    "Read": {"named_table": WALK, "data_source": _READ, "is_streaming": _STREAM},
    "Read.NamedTable": {"unparsed_identifier": Keep(check_table), "options": _READ},
    "Project": {"input": WALK, "expressions": WALK},
    **FUNCTION_MAPS,
    "Filter": {"input": WALK, "condition": WALK},
    "Join": {
        "left": WALK,
        "right": WALK,
        "join_condition": WALK,
        "join_type": KEEP,
        "using_columns": _IDENTIFIER,
        "join_data_type": unused("joinWith of the Scala API"),
    },
    "LateralJoin": {"left": WALK, "right": WALK, "join_condition": WALK, "join_type": KEEP},
    "AsOfJoin": {
        "left": WALK,
        "right": WALK,
        "left_as_of": WALK,
        "right_as_of": WALK,
        "join_expr": WALK,
        "using_columns": _IDENTIFIER,
        "join_type": _TEXT,
        "tolerance": WALK,
        "allow_exact_matches": KEEP,
        "direction": _TEXT,
    },
    "NearestByJoin": {
        "left": WALK,
        "right": WALK,
        "ranking_expression": WALK,
        "num_results": KEEP,
        "join_type": _TEXT,
        "mode": _TEXT,
        "direction": _TEXT,
    },
    "SetOperation": {
        "left_input": WALK,
        "right_input": WALK,
        "set_op_type": KEEP,
        "is_all": KEEP,
        "by_name": KEEP,
        "allow_missing_columns": KEEP,
    },
    "Sort": {"input": WALK, "order": WALK, "is_global": KEEP},
    "Limit": {"input": WALK, "limit": KEEP},
    "Offset": {"input": WALK, "offset": KEEP},
    "Tail": {"input": WALK, "limit": KEEP},
    "Aggregate": {
        "input": WALK,
        "group_type": KEEP,
        "grouping_expressions": WALK,
        "aggregate_expressions": WALK,
        "pivot": WALK,
        "grouping_sets": WALK,
    },
    "Aggregate.Pivot": {"col": WALK, "values": WALK},
    "Aggregate.GroupingSets": {"grouping_set": WALK},
    "SQL": {
        "query": Keep(check_query_text),
        "args": unused("a query argument in the old form"),
        "pos_args": unused("a query argument in the old form"),
        "named_arguments": WALK,
        "pos_arguments": WALK,
    },
    "LocalRelation": {"data": Keep(rewrite_local_data), "schema": Keep(check_schema_text)},
    "Sample": {
        "input": WALK,
        "lower_bound": Keep(checks.check_fraction),
        "upper_bound": Keep(checks.check_fraction),
        "with_replacement": KEEP,
        "seed": KEEP,
        "deterministic_order": KEEP,
    },
    "Deduplicate": {
        "input": WALK,
        "column_names": _IDENTIFIER,
        "all_columns_as_keys": KEEP,
        "within_watermark": _STREAM,
    },
    "Range": {"start": KEEP, "end": KEEP, "step": KEEP, "num_partitions": _PARTITIONS},
    "SubqueryAlias": {"input": WALK, "alias": _COLUMN, "qualifier": unused("a qualified alias")},
    "Repartition": {"input": WALK, "num_partitions": _PARTITIONS, "shuffle": KEEP},
    "RepartitionByExpression": {"input": WALK, "partition_exprs": WALK, "num_partitions": _PARTITIONS},
    "ToDF": {"input": WALK, "column_names": _COLUMN},
    "ToSchema": {"input": WALK, "schema": WALK},
    "WithColumns": {"input": WALK, "aliases": WALK},
    "WithColumnsRenamed": {
        "input": WALK,
        "rename_columns_map": unused("a renaming in the old form"),
        "renames": WALK,
    },
    "WithColumnsRenamed.Rename": {"col_name": _COLUMN, "new_col_name": _COLUMN},
    "ShowString": {"input": WALK, "num_rows": KEEP, "truncate": KEEP, "vertical": KEEP},
    "HtmlString": {"input": WALK, "num_rows": KEEP, "truncate": KEEP},
    "Drop": {"input": WALK, "columns": WALK, "column_names": _IDENTIFIER},
    "Hint": {"input": WALK, "name": Keep(checks.check_hint), "parameters": WALK},
    "Unpivot": {
        "input": WALK,
        "ids": WALK,
        "values": WALK,
        "variable_column_name": _COLUMN,
        "value_column_name": _COLUMN,
    },
    "Unpivot.Values": {"values": WALK},
    "Transpose": {"input": WALK, "index_columns": WALK},
    "WithRelations": {"root": WALK, "references": Walk(most=MAX_REFERENCES)},
    "UnresolvedTableValuedFunction": {
        "function_name": Keep(checks.check_table_function),
        "arguments": WALK,
    },
    "NAFill": {"input": WALK, "cols": _IDENTIFIER, "values": WALK},
    "NADrop": {"input": WALK, "cols": _IDENTIFIER, "min_non_nulls": KEEP},
    "NAReplace": {"input": WALK, "cols": _IDENTIFIER, "replacements": WALK},
    "NAReplace.Replacement": {"old_value": WALK, "new_value": WALK},
    "StatSummary": {"input": WALK, "statistics": _TEXT},
    "StatDescribe": {"input": WALK, "cols": _IDENTIFIER},
    "StatCrosstab": {"input": WALK, "col1": _IDENTIFIER, "col2": _IDENTIFIER},
    "StatCov": {"input": WALK, "col1": _IDENTIFIER, "col2": _IDENTIFIER},
    "StatCorr": {"input": WALK, "col1": _IDENTIFIER, "col2": _IDENTIFIER, "method": _TEXT},
    "StatApproxQuantile": {"input": WALK, "cols": _IDENTIFIER, "probabilities": KEEP, "relative_error": KEEP},
    "StatFreqItems": {"input": WALK, "cols": _IDENTIFIER, "support": KEEP},
    "StatSampleBy": {"input": WALK, "col": WALK, "fractions": WALK, "seed": KEEP},
    "StatSampleBy.Fraction": {"stratum": WALK, "fraction": KEEP},
}

RELATION_CHECKS: dict[str, MessageCheck] = {
    "Relation": checks.check_relation_kind,
    "Range": checks.check_range,
    "Hint": checks.check_hint_parameters,
    "WithRelations": checks.check_references,
    **FUNCTION_MAP_CHECKS,
}
