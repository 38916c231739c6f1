"""The docstrings of PySpark that do not hold in the sandbox, by reason."""

from __future__ import annotations

from typing import Final

_BY_REASON: Final = {
    "Python and Java functions do not run in the data engine": (
        "F.arrow_udtf F.call_function F.java_method F.reflect F.try_reflect F.udtf "
        "F.unwrap_udt dataframe.DataFrame.asTable dataframe.DataFrame.foreach "
        "dataframe.DataFrame.foreachPartition"
    ),
    "pyarrow's expressions are not open": "dataframe.DataFrame.mapInArrow",
    "it tells of the server, its files or its partitions, not of the data": (
        "F.current_catalog F.current_database F.current_schema F.input_file_block_length "
        "F.input_file_block_start F.monotonically_increasing_id F.spark_partition_id "
        "dataframe.DataFrame.coalesce dataframe.DataFrame.explain "
        "dataframe.DataFrame.inputFiles dataframe.DataFrame.isLocal "
        "dataframe.DataFrame.repartition dataframe.DataFrame.repartitionById "
        "dataframe.DataFrame.repartitionByRange "
        "tvf.TableValuedFunction.collations tvf.TableValuedFunction.python_worker_logs "
        "tvf.TableValuedFunction.sql_keywords conf.RuntimeConfig.get"
    ),
    "it reads or writes files or tables, or keeps something on the server": (
        "dataframe.DataFrame.createGlobalTempView "
        "dataframe.DataFrame.createOrReplaceGlobalTempView dataframe.DataFrame.localCheckpoint "
        "dataframe.DataFrame.write "
    ),
    "a metric's frames are finite, and nothing watches its queries": (
        "dataframe.DataFrame.dropDuplicatesWithinWatermark dataframe.DataFrame.isStreaming "
        "dataframe.DataFrame.observe dataframe.DataFrame.withWatermark dataframe.DataFrame.writeStream"
    ),
    "the engine decides what is kept in memory": ("dataframe.DataFrame.cache dataframe.DataFrame.persist"),
    "another library's frames or charts": "dataframe.DataFrame.pandas_api dataframe.DataFrame.plot",
    "a name with an underscore": (
        "dataframe.DataFrame.__dir__ dataframe.DataFrame._ipython_key_completions_ "
        "dataframe.DataFrame._joinAsOf"
    ),
    "the type of a session makes sessions": "dataframe.DataFrame.sparkSession",
    "XML is taken apart by functions whose options name files": "F.from_xml F.schema_of_xml",
}
# What does not hold on plain Spark Connect either.
_BY_REASON_ON_SPARK: Final = {
    "what is drawn or added up depends on the number of partitions": (
        "dataframe.DataFrame.describe dataframe.DataFrame.summary dataframe.DataFrame.randomSplit"
    ),
    "Spark Connect has none": "dataframe.DataFrame.rdd",
    "a plan's text numbers its columns": "dataframe.DataFrame.hint",
    "it takes for granted what is nobody's to import": (
        "F.input_file_name F.try_add F.try_multiply F.try_subtract dataframe.DataFrame.storageLevel "
        "types._make_type_verifier types._parse_datatype_json_string types._parse_datatype_string"
    ),
    "the texts are in the order in which Spark's tasks meet them": "F.listagg_distinct F.string_agg_distinct",
    "Spark 4.2 has no type of a time of day, unless it is switched on": (
        "F.hour F.minute F.second F.make_time F.time_diff F.time_from_micros F.time_from_millis "
        "F.time_from_seconds F.time_to_micros F.time_to_millis F.time_to_seconds F.time_trunc F.to_time "
        "F.try_to_time F.make_timestamp F.make_timestamp_ntz F.try_make_timestamp"
    ),
}


def _by_name(*tables: dict[str, str]) -> dict[str, str]:
    return {name: reason for table in tables for reason, names in table.items() for name in names.split()}


REASONS: Final = _by_name(_BY_REASON)
NOT_ON_SPARK: Final = _by_name(_BY_REASON_ON_SPARK)
