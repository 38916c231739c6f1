"""What `spark.conf` is to one call of calc_metric: a table, and what the call has set of it.

Most of it never leaves the worker: what PySpark's own client reads, and what changes nothing. The few
settings of `QUERY_SETTINGS` are the data engine's to follow, for the questions of this call alone, so it is
told of them. Whatever else it reads is the same for all frames, and may be set to what it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pyspark.sql.connect.proto as pb

from sandbox.client.errors import build_exception
from sandbox.contract.messages import ReplyError
from sandbox.contract.settings import (
    CLIENT_SETTINGS,
    HOW_SETTINGS,
    QUERY_SETTINGS,
    SESSION_ID,
    SETTINGS,
    query_value,
)
from sandbox.language.problems import GuardRefused

_DEFAULTS: Final = {**HOW_SETTINGS, **SETTINGS}
_OWN: Final = CLIENT_SETTINGS | HOW_SETTINGS.keys()
_SETTABLE: Final = _OWN | QUERY_SETTINGS.keys()

# What to do instead of setting what all frames share.
_INSTEAD: Final = {
    "spark.sql.caseSensitive": "rename columns that differ only in case",
    "spark.sql.timestampType": "name the type, such as F.col(name).cast('timestamp_ntz')",
}
_ANY_OTHER: Final = "put it into the query itself"


class CallSettings:
    """The settings of one call."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        """Begin with what holds.

        Args:
            tell: tells the engine what one of `QUERY_SETTINGS` is from now on, or raises what it answers.
        """
        self._set: dict[str, str] = {}
        self._tell = tell

    def chosen(self, key: str) -> str | None:
        """What the call has set a setting to; None: it has not."""
        return self._set.get(key)

    def forget(self) -> None:
        """Begin another call."""
        self._set.clear()

    def answer(self, request: Any, **_: Any) -> Any:
        """Answer one request of PySpark's client.

        Raises:
            SparkConnectException: it asks for a setting that is not shown, or sets one as it cannot be.
            GuardRefused: it sets one that it may not.
        """
        operation = request.operation
        kind = operation.WhichOneof("op_type")
        response = pb.ConfigResponse(session_id=SESSION_ID)
        body = getattr(operation, kind)
        if kind == "set":
            for pair in body.pairs:
                self._write(pair.key, pair.value)
        elif kind == "unset":
            for key in body.keys:
                self._unset(key)
        elif kind == "get_all":
            for key, value in sorted({**_DEFAULTS, **self._set}.items()):
                if key.startswith(body.prefix):
                    response.pairs.add(key=key, value=value)
        elif kind == "get_with_default":
            for pair in body.pairs:
                default = pair.value if pair.HasField("value") else None
                response.pairs.add(key=pair.key, value=self.read(pair.key, default))
        elif kind == "is_modifiable":
            for key in body.keys:
                response.pairs.add(key=key, value="true" if key in _SETTABLE else "false")
        else:
            for key in body.keys:
                found = self.read(key)
                if found is None and kind == "get":
                    raise build_exception(_unknown(key))
                response.pairs.add(key=key, value=found)
        return response

    def read(self, key: str, default: str | None = None) -> str | None:
        """What a setting is to the call; `default` if it is not known."""
        return self._set.get(key, _DEFAULTS.get(key, default))

    def _unset(self, key: str) -> None:
        if key in QUERY_SETTINGS and key in self._set:
            self._tell(key, SETTINGS[key])
        self._set.pop(key, None)

    def _write(self, key: str, value: str) -> None:
        if key in QUERY_SETTINGS:
            plain = query_value(key, value)
            if plain is None or plain != self.read(key):
                self._tell(key, value)  # which refuses what Spark does not know
            self._set[key] = value if plain is None else plain
        elif key in _OWN or not key.startswith(
            "spark."
        ):  # what Spark does not know is a note of the metric's
            self._set[key] = value
        elif SETTINGS.get(key, "").lower() != value.lower():
            hint = _INSTEAD.get(key, _ANY_OTHER)
            message = f"spark.conf.set({key!r}, {value!r}) is refused: it is the same for all metrics"
            raise GuardRefused("call-refused", message, hint)


def _unknown(key: str) -> ReplyError:
    return ReplyError(
        "SQL_CONF_NOT_FOUND",
        "org.apache.spark.SparkNoSuchElementException",
        "42K0I",
        f"the setting {key!r} is not visible in a metric",
    )
