"""gRPC errors of a Spark Connect server as our own. Pure, but for the one extra request that it is handed.

A server puts Spark's error condition, its parameters and the exception's class names into the trailing
metadata (google.rpc.ErrorInfo). Parameters that do not fit there (1 KiB on Spark) are left out and asked
for with FetchErrorDetails. Rejected: PySpark's own converter, which builds its exceptions and loses which
server class it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

import grpc
import pyspark.sql.connect.proto as pb
from google.rpc import error_details_pb2, status_pb2
from pyspark.errors.exceptions.connect import EXCEPTION_CLASS_MAPPING

from engine.errors import AnswerTooLarge, BackendError, BackendLost

FetchDetails = Callable[[str], "pb.FetchErrorDetailsResponse | None"]

# The connection broke or the server forgot the session: asking again may work.
_LOST_CODES: Final = frozenset({grpc.StatusCode.UNAVAILABLE})
_LOST_CONDITIONS: Final = frozenset(
    {
        "INVALID_HANDLE.SESSION_CHANGED",
        "INVALID_HANDLE.SESSION_CLOSED",
        "INVALID_HANDLE.SESSION_NOT_FOUND",
    }
)
# What a Spark says for a second or more while it shuts down, whatever made it; it does so of itself, with no
# condition, and guests can make it raise nothing of this class.
_ENDING: Final = "Cannot call methods on a stopped SparkContext."
_ENDING_LINES: Final = 3
_ENDING_CLASS: Final = "java.lang.IllegalStateException"
# How gRPC's client begins what it says of a message that it did not read.
_UNREAD: Final = ("CLIENT: Received message larger than max", "Received message larger than max")
_DETAILS_KEY: Final = "grpc-status-details-bin"


def decode_failure(error: grpc.RpcError, fetch: FetchDetails) -> BackendError:
    """Turn an RPC's error into a `BackendError`, or `BackendLost` when asking again may work.

    Args:
        error: what the call raised.
        fetch: asks the server for the details of the error with the given id; None if it cannot tell.
    """
    code = _call_attribute(error, "code")
    status, info = _decode_status(error)
    text = status.message or str(_call_attribute(error, "details") or error)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and text.startswith(_UNREAD):
        return AnswerTooLarge(text)
    if info is None:
        return (BackendLost if code in _LOST_CODES else BackendError)(text)
    metadata = info.metadata
    condition = metadata.get("errorClass", "")
    parameters = _parse_parameters(metadata.get("messageParameters", ""))
    sql_state = metadata.get("sqlState", "")
    details = fetch(metadata["errorId"]) if not parameters and metadata.get("errorId") else None
    if details is not None and details.HasField("root_error_idx"):
        root = details.errors[details.root_error_idx]
        text = root.message or text
        condition = root.spark_throwable.error_class or condition
        sql_state = root.spark_throwable.sql_state or sql_state
        parameters = dict(root.spark_throwable.message_parameters)
    exception = _known_class(metadata.get("classes", ""), info.reason)
    lost = code in _LOST_CODES or condition in _LOST_CONDITIONS or _says_it_ends(text, condition, exception)
    return (BackendLost if lost else BackendError)(
        text,
        condition=condition,
        exception=exception,
        sql_state=sql_state,
        parameters=parameters,
    )


def is_ending(lost: BackendLost) -> bool:
    """Whether a lost query met a server that still answers, but will answer nothing any more."""
    return _says_it_ends(lost.detail, lost.condition, lost.exception)


def forgot_session(lost: BackendLost) -> bool:
    """Whether a lost query met a server that answers, but does not know the session any more."""
    return lost.condition in _LOST_CONDITIONS


def where_ended(lost: BackendLost) -> str:
    """Where in its own code the end of such a server began, as far as it says; for logs."""
    return ", ".join(lost.detail.partition("stopped at:")[2].strip().splitlines()[:_ENDING_LINES])


def _says_it_ends(text: str, condition: str, exception: str) -> bool:
    return text.startswith(_ENDING) and not condition and exception == _ENDING_CLASS


def _call_attribute(error: grpc.RpcError, name: str) -> object:
    """`code()` or `details()`: errors of a call have them, the base class does not say so."""
    method = getattr(error, name, None)
    return method() if callable(method) else None


def _decode_status(error: grpc.RpcError) -> tuple[status_pb2.Status, error_details_pb2.ErrorInfo | None]:
    status = status_pb2.Status()
    trailing = _call_attribute(error, "trailing_metadata")
    for key, value in trailing if isinstance(trailing, tuple) else ():
        if key == _DETAILS_KEY:
            status.ParseFromString(value)
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Is(info.DESCRIPTOR) and detail.Unpack(info):
            return status, info
    return status, None


def _parse_parameters(text: str) -> dict[str, str]:
    """Message parameters are a JSON object of texts; cut off, they are as good as none."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _known_class(text: str, reason: str) -> str:
    """The most specific class that PySpark has an exception for; `reason` when the list was cut."""
    try:
        names = json.loads(text) if text else []
    except ValueError:
        names = []
    names = [str(name) for name in names] if isinstance(names, list) else []
    known = (name for name in names if name in EXCEPTION_CLASS_MAPPING)
    return next(known, names[0] if names else reason)
