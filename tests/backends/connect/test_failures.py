"""Errors of a server become ours: condition, class, parameters; lost or not."""

from __future__ import annotations

import json
from typing import Any

import grpc
import pyspark.sql.connect.proto as pb
import pytest

from engine.backends.connect.failures import decode_failure, is_ending, where_ended
from engine.errors import BackendError, BackendLost
from tests.backends.calls import RpcFailure


def never_asked(error_id: str) -> None:
    raise AssertionError(f"asked for the details of {error_id}")


def decode(metadata: dict[str, str] | None, code: Any = grpc.StatusCode.INTERNAL) -> BackendError:
    return decode_failure(RpcFailure(code, "what the server says", metadata), never_asked)


def test_condition_class_and_parameters_come_from_the_trailing_metadata() -> None:
    failure = decode(
        {
            "errorClass": "DIVIDE_BY_ZERO",
            "sqlState": "22012",
            "classes": json.dumps(
                ["org.apache.spark.SparkArithmeticException", "java.lang.ArithmeticException"]
            ),
            "messageParameters": json.dumps({"config": "x"}),
            "errorId": "1",
        }
    )
    assert type(failure) is BackendError
    assert failure.condition == "DIVIDE_BY_ZERO"
    assert failure.sql_state == "22012"
    assert failure.exception == "java.lang.ArithmeticException"  # the one that PySpark has a class for
    assert failure.parameters == {"config": "x"}
    assert failure.detail == "what the server says"


def test_parameters_that_did_not_fit_are_fetched() -> None:
    response = pb.FetchErrorDetailsResponse(root_error_idx=0)
    error = response.errors.add(message="the whole text")
    error.spark_throwable.error_class = "UNRESOLVED_COLUMN.WITH_SUGGESTION"
    error.spark_throwable.message_parameters["objectName"] = "`agee`"
    error.spark_throwable.sql_state = "42703"
    asked: list[str] = []

    def fetch(error_id: str) -> pb.FetchErrorDetailsResponse:
        asked.append(error_id)
        return response

    rpc = RpcFailure(grpc.StatusCode.INTERNAL, "the whole t...", {"errorId": "abc"})
    failure = decode_failure(rpc, fetch)
    assert asked == ["abc"]
    assert failure.condition == "UNRESOLVED_COLUMN.WITH_SUGGESTION"
    assert failure.parameters == {"objectName": "`agee`"}
    assert failure.sql_state == "42703"
    assert failure.detail == "the whole text"


def test_details_that_cannot_be_fetched_leave_what_there_is() -> None:
    rpc = RpcFailure(grpc.StatusCode.INTERNAL, "text", {"errorId": "abc", "errorClass": "A", "classes": "[]"})
    failure = decode_failure(rpc, lambda _: None)
    assert (failure.condition, failure.exception, failure.parameters) == ("A", "cut.Reason", {})


@pytest.mark.parametrize("text", ["{", "[1]", "null", '"x"'])
def test_garbled_metadata_is_as_good_as_none(text: str) -> None:
    failure = decode({"messageParameters": text, "classes": text if text != "[1]" else "{}"})
    assert failure.parameters == {}
    assert failure.exception == "cut.Reason"


@pytest.mark.parametrize(
    ("code", "metadata"),
    [
        (grpc.StatusCode.UNAVAILABLE, None),
        (grpc.StatusCode.INTERNAL, {"errorClass": "INVALID_HANDLE.SESSION_CHANGED"}),
        (grpc.StatusCode.INTERNAL, {"errorClass": "INVALID_HANDLE.SESSION_CLOSED"}),
    ],
)
def test_a_broken_connection_and_a_forgotten_session_are_lost(code: Any, metadata: Any) -> None:
    assert type(decode(metadata, code)) is BackendLost


def test_an_error_without_details_keeps_its_text() -> None:
    failure = decode(None, grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert type(failure) is BackendError
    assert failure.detail == "what the server says"
    assert failure.condition == ""


STOPPED = """Cannot call methods on a stopped SparkContext.
This stopped SparkContext was created at:

org.apache.spark.sql.connect.service.SparkConnectServer.main(SparkConnectServer.scala)

And it was stopped at:

org.apache.spark.util.SparkShutdownHookManager$$anon$2.run(ShutdownHookManager.scala:184)
java.base/java.util.concurrent.FutureTask.run(FutureTask.java:1)

The currently active SparkContext was created at:
"""


def say(text: str, condition: str, exception: str) -> BackendError:
    metadata = {"errorClass": condition, "classes": json.dumps([exception, "java.lang.RuntimeException"])}
    return decode_failure(RpcFailure(grpc.StatusCode.INTERNAL, text, metadata), never_asked)


def test_what_a_server_says_while_it_shuts_down_is_no_failure_of_the_query() -> None:
    failure = say(STOPPED, "", "java.lang.IllegalStateException")
    assert isinstance(failure, BackendLost)
    assert is_ending(failure)
    assert where_ended(failure).startswith("org.apache.spark.util.SparkShutdownHookManager$$anon$2.run(")


@pytest.mark.parametrize(
    ("text", "condition", "exception"),
    [
        (STOPPED, "USER_RAISED_EXCEPTION", "org.apache.spark.SparkRuntimeException"),
        (STOPPED, "", "org.apache.spark.SparkRuntimeException"),
        (f"[USER_RAISED_EXCEPTION] {STOPPED}", "", "java.lang.IllegalStateException"),
        ("another state", "", "java.lang.IllegalStateException"),
    ],
)
def test_a_guest_cannot_say_it(text: str, condition: str, exception: str) -> None:
    assert type(say(text, condition, exception)) is BackendError
