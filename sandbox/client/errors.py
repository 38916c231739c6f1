"""Failed requests, raised inside the worker as the exceptions that PySpark itself would raise.

The words come from the engine (`ReplyError`), which has already removed whatever belongs to the
backend; here they only take the class that an author's `except` expects.
"""

from __future__ import annotations

from pyspark.errors import PySparkException
from pyspark.errors.exceptions.connect import (
    EXCEPTION_CLASS_MAPPING,
    SparkConnectException,
    SparkConnectGrpcException,
)

from sandbox.contract.messages import ReplyError


def build_exception(error: ReplyError) -> SparkConnectException:
    """The PySpark exception for an error of the engine; unknown classes become the general one."""
    kind = EXCEPTION_CLASS_MAPPING.get(error.exception)
    if kind is None:
        return SparkConnectGrpcException(
            message=error.message, errorClass=error.condition or None, sql_state=error.sql_state or None
        )
    return kind(
        error.message,
        errorClass=error.condition or None,
        sql_state=error.sql_state or None,
        display_server_stacktrace=False,
    )


def condition_of(error: BaseException) -> str:
    """The error condition of an exception that left a metric; "" if it is none of PySpark's."""
    return (error.getCondition() or "") if isinstance(error, PySparkException) else ""
