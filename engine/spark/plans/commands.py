"""Trusted side: which commands and requests pass. All 20 commands of PySpark 4.2 are classified."""

from __future__ import annotations

from engine.spark.plans.expressions import UDF
from engine.spark.plans.names import check_text
from engine.spark.plans.rules import KEEP, WALK, Drop, Fields, Keep, Refuse, unused

_WRITE = Refuse(
    "df.write",
    "a metric writes nothing",
    "return the number; print() shows what you want to see",
    "write-refused",
)
_STREAM = Refuse("df.writeStream or spark.streams", "a metric does not stream", "", "streaming-refused")
_RESOURCES = Refuse("a resource profile", "the engine decides on resources", "", "command-refused")

_ENVELOPE = {
    "session_id": Drop("the engine uses sessions of its own"),
    "client_observed_server_side_session_id": Drop("the engine uses sessions of its own"),
    "user_context": Drop("who asks is known; its extensions are call sites for error messages"),
    "client_type": Drop("the name of PySpark's client"),
}

COMMANDS: Fields = {
    "ExecutePlanRequest": {
        **_ENVELOPE,
        "operation_id": Drop("the engine names operations itself"),
        "tags": Drop("tags serve interrupting, which is the engine's"),
        "plan": WALK,
        "request_options": WALK,
    },
    "ExecutePlanRequest.RequestOption": {
        "reattach_options": Drop("the channel does not reattach"),
        "result_chunking_options": Drop("the engine decides how results travel"),
        "extension": unused("a request option of an extension"),
    },
    "Plan": {
        "root": WALK,
        "command": WALK,
        "compressed_operation": Refuse(
            "a compressed plan", "its size cannot be bounded before it is unpacked", "send it uncompressed"
        ),
    },
    "Command": {
        "create_dataframe_view": WALK,
        "sql_command": WALK,
        "register_function": WALK,
        "register_table_function": UDF,
        "register_data_source": UDF,
        "write_operation": _WRITE,
        "write_operation_v2": _WRITE,
        "merge_into_table_command": _WRITE,
        "write_stream_operation_start": _STREAM,
        "streaming_query_command": _STREAM,
        "streaming_query_manager_command": _STREAM,
        "streaming_query_listener_bus_command": _STREAM,
        "get_resources_command": _RESOURCES,
        "create_resource_profile_command": _RESOURCES,
        "checkpoint_command": Refuse(
            "df.checkpoint() or df.localCheckpoint()",
            "it keeps data on the server",
            "leave it out; df.cache() is accepted, and repeated queries are answered from memory",
            "command-refused",
        ),
        "remove_cached_remote_relation_command": unused("removing a checkpoint"),
        "ml_command": Refuse(
            "pyspark.ml",
            "models are kept on the server",
            "use numpy, scipy or statsmodels on collected data",
            "command-refused",
        ),
        "execute_external_command": Refuse(
            "an external command", "a metric runs nothing", "", "command-refused"
        ),
        "pipeline_command": Refuse("a pipeline", "a metric only computes", "", "command-refused"),
        "extension": unused("an extension of Spark Connect"),
    },
    "CreateDataFrameViewCommand": {
        "input": WALK,
        "name": Keep(check_text),
        "replace": KEEP,
        "is_global": Refuse(
            "df.createGlobalTempView",
            "views of a metric end with it",
            "use createOrReplaceTempView",
            "view-refused",
        ),
    },
    "SqlCommand": {
        "input": WALK,
        **dict.fromkeys(
            ("sql", "args", "pos_args", "named_arguments", "pos_arguments"),
            unused("a SQL command in the old form"),
        ),
    },
    "ConfigRequest": {**_ENVELOPE, "operation": WALK},
    "AnalyzePlanRequest": {**_ENVELOPE},
}
