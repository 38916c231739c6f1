"""Answers to the configuration reads of PySpark's client, and the constants of the placeholder session.

Half of all requests of an honest client are such reads. They are answered from this table, in the
worker where possible, and never forwarded: a guest learns nothing of the backend's configuration, and
can change none of it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

# The one table that a guest can name; the gateway binds it to the frame of the call.
PLACEHOLDER: Final = "frame"

# PySpark compares the session id of each response with its own; both are always this one.
SESSION_ID: Final = "00000000-0000-4000-8000-000000000000"

_NEVER: Final = str(2**31 - 1)

# key -> value. Spark 4.2 defaults except where a comment says why not.
SETTINGS: Final = MappingProxyType(
    {
        "spark.app.name": "calcmetric",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.caseSensitive": "false",
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
        "spark.sql.execution.pythonUDF.arrow.enabled": "false",
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
