"""Trusted side: which analyze and configuration requests pass. All 14 and all 7 are classified."""

from __future__ import annotations

from engine.spark.plans.caps import MAX_CONFIG_KEYS
from engine.spark.plans.names import check_text
from engine.spark.plans.rules import KEEP, WALK, Drop, Fields, Keep, Refuse, Walk
from engine.spark.plans.text import check_schema_text

_TEXT = Keep(check_text)
_NOTHING_DONE = Drop("caching is accepted and does nothing: the engine decides what it keeps")
_UNSET = Refuse(
    "spark.conf.unset", "an honest worker sets what held before", "leave it out", "config-refused"
)

ANALYZE: Fields = {
    "AnalyzePlanRequest": {
        **dict.fromkeys(
            [
                "schema",
                "tree_string",
                "is_local",
                "is_streaming",
                "spark_version",
                "ddl_parse",
                "same_semantics",
                "semantic_hash",
                "persist",
                "unpersist",
                "get_storage_level",
                "json_to_ddl",
            ],
            WALK,
        ),
        "explain": Refuse(
            "df.explain()",
            "plans of the backend name paths and addresses",
            "use print and df.printSchema()",
            "analyze-refused",
        ),
        "input_files": Refuse(
            "df.inputFiles()", "where the data lies is not the metric's", "", "analyze-refused"
        ),
    },
    "AnalyzePlanRequest.Schema": {"plan": WALK},
    "AnalyzePlanRequest.TreeString": {"plan": WALK, "level": KEEP},
    "AnalyzePlanRequest.IsLocal": {"plan": WALK},
    "AnalyzePlanRequest.IsStreaming": {"plan": WALK},
    "AnalyzePlanRequest.SparkVersion": {},
    "AnalyzePlanRequest.DDLParse": {"ddl_string": Keep(check_schema_text)},
    "AnalyzePlanRequest.SameSemantics": {"target_plan": WALK, "other_plan": WALK},
    "AnalyzePlanRequest.SemanticHash": {"plan": WALK},
    "AnalyzePlanRequest.Persist": {"relation": _NOTHING_DONE, "storage_level": _NOTHING_DONE},
    "AnalyzePlanRequest.Unpersist": {"relation": _NOTHING_DONE, "blocking": _NOTHING_DONE},
    "AnalyzePlanRequest.GetStorageLevel": {"relation": _NOTHING_DONE},
    "AnalyzePlanRequest.JsonToDDL": {"json_string": Keep(check_schema_text)},
}

CONFIG: Fields = {
    "ConfigRequest.Operation": {
        **dict.fromkeys(["get", "get_with_default", "get_option", "get_all", "is_modifiable", "set"], WALK),
        "unset": _UNSET,
    },
    "ConfigRequest.Get": {"keys": _TEXT},
    "ConfigRequest.GetOption": {"keys": _TEXT},
    "ConfigRequest.IsModifiable": {"keys": _TEXT},
    "ConfigRequest.GetWithDefault": {"pairs": Walk(most=MAX_CONFIG_KEYS)},
    "ConfigRequest.GetAll": {"prefix": _TEXT},
    "ConfigRequest.Set": {
        "pairs": Walk(most=MAX_CONFIG_KEYS),
        "silent": Drop("what cannot be set is told"),
    },
    "KeyValue": {"key": _TEXT, "value": _TEXT},
}
