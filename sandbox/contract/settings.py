"""Answers to the configuration reads of PySpark's client, and the constants of the placeholder session.

Half of all requests of an honest client are such reads. They are answered from this table, in the
worker where possible, and never forwarded: a guest learns nothing of the backend's configuration, and
can change none of it but what `QUERY_SETTINGS` names, for its own questions.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

# The table that a guest can name; the gateway binds it to the frame of the call.
PLACEHOLDER: Final = "frame"
# Likewise for the second frame of a metric of two.
BASELINE: Final = "baseline_frame"

# What stands in a plan for a function of the author, with its number in the call. A digest may follow, which
# is the same for functions that give the same (`sandbox.client.digests`), or a word for why there is none.
FUNCTION_TOKEN: Final = b"calcmetric-function-%d"
CAPTURES: Final = "captures"
WRITES: Final = "writes"
RANDOM: Final = "random"
DIGEST: Final = re.compile(rb"-(?:[0-9a-f]{32}|captures|writes|random)")

# PySpark compares the session id of each response with its own; both are always this one.
SESSION_ID: Final = "00000000-0000-4000-8000-000000000000"

_NEVER: Final = str(2**31 - 1)
# The name of a region, or a distance from UTC.
_ZONE: Final = re.compile(
    r"Z|(?:UTC|GMT)?[+-](?:0\d|1[0-8]):[0-5]\d|(?!posix|right)[A-Za-z]\w*(?:[/+-]\w+){0,3}", re.ASCII
)

# What a metric may set for itself, with Spark's default. These decide how a query runs, which is the engine's
# to decide: they are remembered and shown, and change nothing.
HOW_SETTINGS: Final = MappingProxyType(
    {
        "spark.sql.adaptive.coalescePartitions.enabled": "true",
        "spark.sql.adaptive.enabled": "true",
        "spark.sql.adaptive.skewJoin.enabled": "true",
        "spark.sql.autoBroadcastJoinThreshold": "10485760b",
        "spark.sql.broadcastTimeout": "300",
        "spark.sql.cbo.enabled": "false",
        "spark.sql.debug.maxToStringFields": "25",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
        "spark.sql.execution.arrow.pyspark.fallback.enabled": "true",
        "spark.sql.files.maxPartitionBytes": "134217728b",
        "spark.sql.inMemoryColumnarStorage.batchSize": "10000",
        "spark.sql.inMemoryColumnarStorage.compressed": "true",
        "spark.sql.join.preferSortMergeJoin": "true",
        "spark.sql.shuffle.partitions": "200",
    }
)

# What PySpark's client itself reads, when it makes frames of local data and local data of answers: it runs in
# the metric's worker, so that a metric that sets one of these changes its own answers only.
CLIENT_SETTINGS: Final = frozenset(
    {
        "spark.sql.execution.arrow.pyspark.selfDestruct.enabled",
        "spark.sql.execution.pandas.convertToArrowArraySafely",
        "spark.sql.execution.pandas.inferPandasDictAsMap",
        "spark.sql.execution.pandas.structHandlingMode",
        "spark.sql.execution.pyspark.binaryAsBytes",
        "spark.sql.pyspark.inferNestedDictAsStruct.enabled",
        "spark.sql.pyspark.legacy.inferArrayTypeFromFirstElement.enabled",
        "spark.sql.pyspark.legacy.inferMapTypeFromFirstPair.enabled",
        "spark.sql.repl.eagerEval.enabled",
        "spark.sql.repl.eagerEval.maxNumRows",
        "spark.sql.repl.eagerEval.truncate",
    }
)

# What the data engine reads of a query, and a call may set for itself: its questions are then asked in a
# session apart, and shared with no other call. With the values that may be given; none: a time zone.
# Each decides what the author's own expressions mean, and nothing of how a frame is read and cut.
QUERY_SETTINGS: Final = MappingProxyType(
    {
        "spark.sql.ansi.enabled": ("true", "false"),
        "spark.sql.mapKeyDedupPolicy": ("EXCEPTION", "LAST_WIN"),
        "spark.sql.session.timeZone": (),
    }
)

# key -> value. Spark 4.2 defaults except where a comment says why not.
SETTINGS: Final = MappingProxyType(
    {
        "spark.app.name": "calcmetric",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.caseSensitive": "false",
        "spark.sql.mapKeyDedupPolicy": "EXCEPTION",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.timestampType": "TIMESTAMP_LTZ",
        "spark.sql.execution.arrow.enabled": "true",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.execution.arrow.pyspark.selfDestruct.enabled": "false",
        "spark.sql.execution.arrow.useLargeVarTypes": "false",
        "spark.sql.execution.pandas.convertToArrowArraySafely": "false",
        "spark.sql.execution.pandas.inferPandasDictAsMap": "false",
        "spark.sql.execution.pandas.structHandlingMode": "legacy",
        "spark.sql.execution.pyspark.binaryAsBytes": "true",
        "spark.sql.execution.pythonUDF.arrow.enabled": "true",
        "spark.sql.execution.pythonUDTF.arrow.enabled": "false",
        "spark.sql.pyspark.inferNestedDictAsStruct.enabled": "false",
        "spark.sql.pyspark.legacy.inferArrayTypeFromFirstElement.enabled": "false",
        "spark.sql.pyspark.legacy.inferMapTypeFromFirstPair.enabled": "false",
        "spark.sql.repl.eagerEval.enabled": "false",
        "spark.sql.repl.eagerEval.maxNumRows": "20",
        "spark.sql.repl.eagerEval.truncate": "20",
        "spark.sql.connect.serverStacktrace.enabled": "false",
        "spark.sql.pyspark.jvmStacktrace.enabled": "false",
        # Compressed plans cannot be checked before they are unpacked, so none is asked for.
        "spark.connect.session.planCompression.threshold": "-1",
        "spark.connect.session.planCompression.defaultAlgorithm": "NONE",
        # Local data stays inline: artifacts would be state on the backend that outlives the plan.
        "spark.sql.session.localRelationCacheThreshold": _NEVER,
        "spark.sql.session.localRelationSizeLimit": _NEVER,
        "spark.sql.session.localRelationChunkSizeRows": "10000",
        "spark.sql.session.localRelationChunkSizeBytes": "16777216",
        "spark.sql.session.localRelationBatchOfChunksSizeBytes": "536870912",
    }
)


def query_value(key: str, value: str) -> str | None:
    """A value of one of `QUERY_SETTINGS` as it is sent; None if Spark has no such value.

    A time zone is looked at for its form alone.
    """
    allowed = QUERY_SETTINGS[key]
    text = value.strip()
    if not allowed:
        return text if _ZONE.fullmatch(text) else None
    return next((one for one in allowed if one.lower() == text.lower()), None)
